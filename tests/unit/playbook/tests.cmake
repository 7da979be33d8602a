# throw_away_host.cpp runs the scripts for real, on a folder in place of a host.
slipway_tests(playbook
  SOURCES playbook_test.cpp render_test.cpp check_report_test.cpp event_stream_test.cpp compiler_test.cpp
          shipped_playbooks_test.cpp modules_test.cpp playbook_step_test.cpp quoting_test.cpp throw_away_host.cpp
  LIBRARIES slipway::playbook slipway::graph slipway::ports slipway::base)
target_compile_definitions(
  test_playbook
  PRIVATE FAKES_FOLDER="${CMAKE_CURRENT_LIST_DIR}/fakes" GOLDEN_FOLDER="${CMAKE_CURRENT_LIST_DIR}/golden"
          PLAYBOOKS_FOLDER="${CMAKE_SOURCE_DIR}/playbooks" GUIDE="${CMAKE_SOURCE_DIR}/docs/guides/adding-a-task-module.md")
