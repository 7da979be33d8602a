slipway_tests(ssh SOURCES keys_test.cpp trust_test.cpp commands_test.cpp hosts_test.cpp connections_test.cpp
              LIBRARIES slipway::ssh)
