slipway_tests(http SOURCES client_test.cpp client_tls_test.cpp message_test.cpp
              LIBRARIES slipway::http OpenSSL::SSL OpenSSL::Crypto)
