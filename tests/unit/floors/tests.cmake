slipway_test(floors ${CMAKE_CURRENT_LIST_DIR}/floors_test.cpp)
target_compile_definitions(test_floors PRIVATE SLIPWAY_SOURCE="${CMAKE_SOURCE_DIR}")
gtest_discover_tests(test_floors)
