# build/lib/smelt/TARGET for every target: what a compiled model is linked with.
#   libruntime.a   runtime/core, text, decode     libapp.a   runtime/app, with main
#   rcrt1.o crt1.o crti.o crtn.o libc.a           from Debian's musl-dev
#   libgcc.a                                      from Debian's libgcc-12-dev
#
# The rows here and those of compiler/codegen's target table carry the same names.
# name            triple               Debian architecture, CPU the runtime is built for
set(smelt_target_rows
  "x86_64-linux   x86_64-linux-musl    amd64  x86-64-v2"
  "aarch64-linux  aarch64-linux-musl   arm64  generic")

# Shared by every build folder of this tree, so that only the first one downloads.
set(SMELT_SYSROOTS ${PROJECT_SOURCE_DIR}/build/sysroots CACHE PATH "Unpacked musl and libgcc per architecture")

file(GLOB_RECURSE target_runtime_sources CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/runtime/core/*.c ${PROJECT_SOURCE_DIR}/runtime/text/*.c
  ${PROJECT_SOURCE_DIR}/runtime/decode/*.c)
file(GLOB_RECURSE target_app_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/runtime/app/*.c)

# An archive of `sources` for one target; nothing while there are no sources.
function(add_target_archive row name)
  list(GET row 0 target)
  list(GET row 1 triple)
  list(GET row 2 sysroot)
  list(GET row 3 cpu)
  if(NOT ARGN)
    return()
  endif()
  set(archive ${name}_${target})
  add_library(${archive} STATIC ${ARGN})
  set_target_properties(${archive} PROPERTIES OUTPUT_NAME ${name}
    ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/smelt/${target})
  target_include_directories(${archive} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/runtime)
  target_compile_definitions(${archive} PRIVATE SMELT_VERSION="${PROJECT_VERSION}")
  target_compile_options(${archive} PRIVATE --target=${triple} -march=${cpu} -O2 -g0 -fPIC
    -fvisibility=hidden -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables
    -nostdlibinc -isystem ${sysroot}/usr/include/${triple})
  target_link_libraries(${archive} PRIVATE smelt_warnings)
  add_dependencies(smelt_targets ${archive})
endfunction()

add_custom_target(smelt_targets ALL)
foreach(line IN LISTS smelt_target_rows)
  separate_arguments(row UNIX_COMMAND "${line}")
  list(GET row 0 target)
  list(GET row 1 triple)
  list(GET row 2 architecture)
  list(GET row 3 cpu)
  if(NOT EXISTS ${SMELT_SYSROOTS}/${architecture}/complete)
    message(STATUS "Downloading musl and libgcc for ${architecture}")
    execute_process(COMMAND ${PROJECT_SOURCE_DIR}/setup/sysroot.sh ${SMELT_SYSROOTS} ${architecture}
      COMMAND_ERROR_IS_FATAL ANY)
  endif()
  set(sysroot ${SMELT_SYSROOTS}/${architecture})
  file(GLOB libgcc ${sysroot}/usr/lib/gcc/*/*/libgcc.a)
  set(libc ${sysroot}/usr/lib/${triple})
  file(COPY ${libc}/rcrt1.o ${libc}/crt1.o ${libc}/crti.o ${libc}/crtn.o ${libc}/libc.a ${libgcc}
    DESTINATION ${PROJECT_BINARY_DIR}/lib/smelt/${target})

  set(row ${target} ${triple} ${sysroot} ${cpu})
  add_target_archive("${row}" runtime ${target_runtime_sources})
  add_target_archive("${row}" app ${target_app_sources})
endforeach()
