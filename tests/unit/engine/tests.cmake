slipway_tests(engine SOURCES engine_test.cpp LIBRARIES slipway::engine)
