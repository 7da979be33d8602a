slipway_test(engine ${CMAKE_CURRENT_LIST_DIR}/engine_test.cpp slipway::engine)
gtest_discover_tests(test_engine)
