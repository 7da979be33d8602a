# What `cmake --install` puts where. The binary finds playbooks and manifests at ../share/slipway from itself, so that any
# prefix will do. Completions and the man page are the binary's own words, hence written while it is being installed.
include(GNUInstallDirs)
install(TARGETS slipway)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/playbooks ${CMAKE_SOURCE_DIR}/manifests DESTINATION share/slipway)
# Documents and examples lie to each other as in the checkout: their links lead somewhere.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs ${CMAKE_SOURCE_DIR}/inventory DESTINATION share/doc/slipway)
install(FILES ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/CHANGELOG.md DESTINATION share/doc/slipway)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION share/doc/slipway RENAME copyright)

set(slipway_words ${CMAKE_BINARY_DIR}/words)
install(CODE "
  file(MAKE_DIRECTORY \"${slipway_words}\")
  function(words file)
    execute_process(COMMAND \"$<TARGET_FILE:slipway>\" \${ARGN} OUTPUT_FILE \"${slipway_words}/\${file}\" COMMAND_ERROR_IS_FATAL ANY)
  endfunction()
  words(slipway completion bash)
  words(_slipway completion zsh)
  words(slipway.fish completion fish)
  words(slipway.1 man)
  execute_process(COMMAND sh \"${CMAKE_CURRENT_SOURCE_DIR}/packaging/sbom.sh\" \"$<TARGET_FILE:slipway>\" ${PROJECT_VERSION}
                  OUTPUT_FILE \"${slipway_words}/sbom.cdx.json\" COMMAND_ERROR_IS_FATAL ANY)
")
install(FILES ${slipway_words}/slipway DESTINATION share/bash-completion/completions)
# Debian's zsh looks elsewhere than others.
install(FILES ${slipway_words}/_slipway DESTINATION share/zsh/$<IF:$<BOOL:${SLIPWAY_PACKAGE}>,vendor-completions,site-functions>)
install(FILES ${slipway_words}/slipway.fish DESTINATION share/fish/vendor_completions.d)
install(FILES ${slipway_words}/slipway.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${slipway_words}/sbom.cdx.json DESTINATION share/doc/slipway)
