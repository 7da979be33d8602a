slipway_tests(state
  SOURCES crash_test.cpp export_test.cpp golden_test.cpp journal_test.cpp json_test.cpp lock_test.cpp rekey_test.cpp
          snapshot_test.cpp store_test.cpp
  LIBRARIES slipway::state)
target_compile_definitions(test_state PRIVATE SLIPWAY_SOURCE="${CMAKE_SOURCE_DIR}")
