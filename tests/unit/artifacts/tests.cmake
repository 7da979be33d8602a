foreach(thing apt_sources archive bundle cache catalogue debian_layer go_builder image_archive object_files packages release_sites)
  slipway_test(artifacts_${thing} ${CMAKE_CURRENT_LIST_DIR}/${thing}_test.cpp slipway::artifacts slipway::http
               OpenSSL::SSL OpenSSL::Crypto)
  target_compile_definitions(test_artifacts_${thing} PRIVATE SLIPWAY_SOURCE="${CMAKE_SOURCE_DIR}"
                             SLIPWAY_TEST_GO_CACHE="${CMAKE_BINARY_DIR}/go-build-cache")
  gtest_discover_tests(test_artifacts_${thing})
endforeach()
