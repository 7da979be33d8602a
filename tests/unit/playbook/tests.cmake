add_library(playbook_test_host STATIC ${CMAKE_CURRENT_LIST_DIR}/throw_away_host.cpp)
target_link_libraries(playbook_test_host PUBLIC slipway::playbook slipway::graph slipway::ports slipway::base)
target_compile_definitions(playbook_test_host PRIVATE FAKES_FOLDER="${CMAKE_CURRENT_LIST_DIR}/fakes")
target_include_directories(playbook_test_host PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_precompile_headers(playbook_test_host REUSE_FROM slipway_headers)

foreach(thing playbook render check_report event_stream compiler shipped_playbooks)
  slipway_test(playbook_${thing} ${CMAKE_CURRENT_LIST_DIR}/${thing}_test.cpp slipway::playbook)
  gtest_discover_tests(test_playbook_${thing})
endforeach()
# These run the scripts for real.
foreach(thing modules playbook_step quoting)
  slipway_test(playbook_${thing} ${CMAKE_CURRENT_LIST_DIR}/${thing}_test.cpp playbook_test_host)
  gtest_discover_tests(test_playbook_${thing})
endforeach()
target_compile_definitions(test_playbook_compiler PRIVATE GOLDEN_FOLDER="${CMAKE_CURRENT_LIST_DIR}/golden")
target_compile_definitions(
  test_playbook_shipped_playbooks
  PRIVATE PLAYBOOKS_FOLDER="${CMAKE_SOURCE_DIR}/playbooks" GUIDE="${CMAKE_SOURCE_DIR}/docs/guides/adding-a-task-module.md")
