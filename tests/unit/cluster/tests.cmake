slipway_tests(cluster SOURCES cloud_addons_test.cpp database_backups_test.cpp database_replicas_test.cpp encryption_test.cpp etcd_backups_test.cpp etcd_seats_test.cpp expand_test.cpp health_test.cpp members_test.cpp node_step_test.cpp platform_test.cpp
                      recover_platform_test.cpp recovery_test.cpp release_test.cpp upgrade_checks_test.cpp upgrade_step_test.cpp upgrade_test.cpp variables_test.cpp
              LIBRARIES slipway::cluster slipway::existing slipway::openstack kube_fake)
target_compile_definitions(test_cluster PRIVATE SLIPWAY_SOURCE="${CMAKE_SOURCE_DIR}")
