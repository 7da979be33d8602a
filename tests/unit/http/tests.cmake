foreach(thing client client_tls message)
  slipway_test(http_${thing} ${CMAKE_CURRENT_LIST_DIR}/${thing}_test.cpp slipway::http OpenSSL::SSL OpenSSL::Crypto)
  gtest_discover_tests(test_http_${thing})
endforeach()
