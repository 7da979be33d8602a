# The API in memory, shared by this room's tests.
add_library(kube_fake STATIC ${CMAKE_CURRENT_LIST_DIR}/fake_api.cpp)
target_include_directories(kube_fake PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(kube_fake PUBLIC slipway::kube slipway::simulated GTest::gtest)
target_precompile_headers(kube_fake REUSE_FROM slipway_test_headers)

slipway_tests(kube
  SOURCES api_contract_test.cpp client_test.cpp compare_test.cpp drain_test.cpp figures_test.cpp file_objects_step_test.cpp gates_test.cpp
          manifest_test.cpp objects_step_test.cpp observed_test.cpp readiness_test.cpp real_api_test.cpp
          remove_objects_test.cpp rendering_test.cpp wanted_test.cpp
  LIBRARIES kube_fake)
