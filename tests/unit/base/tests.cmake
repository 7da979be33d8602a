slipway_tests(base SOURCES base_test.cpp certificate_test.cpp schedule_test.cpp LIBRARIES slipway::base)
target_compile_definitions(test_base PRIVATE SLIPWAY_SOURCE="${CMAKE_SOURCE_DIR}")
