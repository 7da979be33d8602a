slipway_tests(floors SOURCES floors_test.cpp)
target_compile_definitions(test_floors PRIVATE SLIPWAY_SOURCE="${CMAKE_SOURCE_DIR}")
