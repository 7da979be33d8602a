slipway_tests(artifacts
  SOURCES apt_sources_test.cpp archive_test.cpp bundle_test.cpp cache_test.cpp catalogue_test.cpp debian_layer_test.cpp
          go_builder_test.cpp image_archive_test.cpp object_files_test.cpp packages_test.cpp release_sites_test.cpp
  LIBRARIES slipway::artifacts slipway::http OpenSSL::SSL OpenSSL::Crypto)
target_compile_definitions(test_artifacts PRIVATE SLIPWAY_SOURCE="${CMAKE_SOURCE_DIR}"
                           SLIPWAY_TEST_GO_CACHE="${CMAKE_BINARY_DIR}/go-build-cache")
