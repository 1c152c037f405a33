# smelt_warnings: how all C of the project is checked.
add_library(smelt_warnings INTERFACE)
target_compile_options(smelt_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Wpointer-arith -Wwrite-strings -Wcast-qual -Wvla
  $<$<BOOL:${SMELT_WERROR}>:-Werror>)

# smelt_host: code that runs on this machine, under the sanitizers when they are asked for.
add_library(smelt_host INTERFACE)
target_link_libraries(smelt_host INTERFACE smelt_warnings)
if(SMELT_SANITIZE)
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(smelt_host INTERFACE ${sanitizers})
  target_link_options(smelt_host INTERFACE ${sanitizers})
endif()
if(SMELT_FUZZ)
  target_compile_options(smelt_host INTERFACE -fsanitize=fuzzer-no-link)
endif()
