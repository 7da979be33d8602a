slipway_tests(opennebula SOURCES client_test.cpp documents_test.cpp shared_looks_test.cpp xml_rpc_test.cpp
              LIBRARIES slipway_recorded_opennebula OpenSSL::SSL OpenSSL::Crypto)
