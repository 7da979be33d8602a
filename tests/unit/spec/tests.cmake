slipway_tests(spec
  SOURCES kubernetes_version_test.cpp malformed_test.cpp network_test.cpp overlay_test.cpp placeholders_test.cpp pool_count_test.cpp published_test.cpp spec_test.cpp
          starter_test.cpp yaml_test.cpp
  LIBRARIES slipway::spec)
target_compile_definitions(test_spec PRIVATE SLIPWAY_SOURCE="${CMAKE_SOURCE_DIR}")
