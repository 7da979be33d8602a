if(TARGET slipway::cluster)
  slipway_test(cluster_members ${CMAKE_CURRENT_LIST_DIR}/members_test.cpp slipway::cluster)
  gtest_discover_tests(test_cluster_members)
endif()
