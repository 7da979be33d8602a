# The API in memory, shared by this room's tests.
add_library(kube_fake STATIC ${CMAKE_CURRENT_LIST_DIR}/fake_api.cpp ${CMAKE_CURRENT_LIST_DIR}/fake_verbs.cpp
            ${CMAKE_CURRENT_LIST_DIR}/fake_fields.cpp)
target_include_directories(kube_fake PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(kube_fake PUBLIC slipway::kube GTest::gtest)
target_precompile_headers(kube_fake REUSE_FROM slipway_headers)

foreach(thing api_contract client observed compare wanted objects_step file_objects_step remove_objects readiness gates drain manifest real_api)
  slipway_test(kube_${thing} ${CMAKE_CURRENT_LIST_DIR}/${thing}_test.cpp kube_fake)
  gtest_discover_tests(test_kube_${thing})
endforeach()
