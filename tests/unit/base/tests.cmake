slipway_test(base ${CMAKE_CURRENT_LIST_DIR}/base_test.cpp slipway::base)
gtest_discover_tests(test_base)
target_compile_definitions(test_base PRIVATE SLIPWAY_SOURCE="${CMAKE_SOURCE_DIR}")
