# The pure parts of the command line; the program itself is tried by the suites.
slipway_tests(cli SOURCES usage_test.cpp LIBRARIES slipway::base)
target_sources(test_cli PRIVATE ${CMAKE_SOURCE_DIR}/provisioner/cli/usage.cpp)
