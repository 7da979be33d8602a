# The corpus of tests/fuzz through every target, as it is and changed at random, without a fuzzer.
add_executable(test_fuzz_corpus ${CMAKE_CURRENT_LIST_DIR}/corpus_test.cpp ${CMAKE_CURRENT_LIST_DIR}/mutation_test.cpp)
target_link_libraries(test_fuzz_corpus PRIVATE slipway_fuzz_targets GTest::gtest_main)
target_compile_definitions(test_fuzz_corpus PRIVATE SLIPWAY_CORPUS="${CMAKE_SOURCE_DIR}/tests/fuzz/corpus")
gtest_discover_tests(test_fuzz_corpus)
