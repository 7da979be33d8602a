slipway_test(base_certificate ${CMAKE_CURRENT_LIST_DIR}/certificate_test.cpp slipway::base)
gtest_discover_tests(test_base_certificate)
