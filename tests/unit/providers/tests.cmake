slipway_tests(providers SOURCES object_step_test.cpp observed_cloud_test.cpp existing_test.cpp local_test.cpp openstack_test.cpp pace_test.cpp
              pool_changes_test.cpp simulated_test.cpp
              LIBRARIES slipway::provider slipway::existing slipway::local slipway::simulated slipway::playbook slipway_openstack_bench)
