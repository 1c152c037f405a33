# Targets whose system has no musl: Arm without an operating system, Windows, macOS. Their rows in compiler/codegen's table
# carry the same names.

# What model.h needs; files, images, sound and the command line are for systems with files.
file(GLOB model_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/runtime/core/*.c ${PROJECT_SOURCE_DIR}/runtime/text/*.c
  ${PROJECT_SOURCE_DIR}/runtime/constrain/*.c ${PROJECT_SOURCE_DIR}/runtime/decode/*.c)
list(FILTER model_sources EXCLUDE REGEX "/core/(team|limits)[.]c$") # the row's system says which team; --profile has limits

# Where a system's headers are the runtime's own: what all compilers know.
set(builtin_headers ${PROJECT_SOURCE_DIR}/runtime/host/builtin/include)

# Compiles `library` against `headers` alone.
function(compile_for_other library triple headers)
  target_include_directories(${library} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/runtime)
  target_include_directories(${library} SYSTEM PRIVATE ${headers} ${STB_HEADERS})
  target_compile_definitions(${library} PRIVATE SMELT_VERSION="${PROJECT_VERSION}")
  target_compile_options(${library} PRIVATE --target=${triple} -O2 -g0 -nostdlibinc -ffunction-sections -fdata-sections
    -fno-stack-protector -fno-math-errno ${ARGN})
  target_link_libraries(${library} PRIVATE smelt_warnings)
  add_dependencies(smelt_targets ${library})
endfunction()

# lib/smelt/TARGET/libNAME.a of `sources`.
function(add_other_archive target name triple headers sources)
  set(archive ${name}_${target})
  add_library(${archive} STATIC ${sources})
  set_target_properties(${archive} PROPERTIES OUTPUT_NAME ${name}
    ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/smelt/${target})
  compile_for_other(${archive} ${triple} "${headers}" ${ARGN})
endfunction()

# ---- Arm without an operating system: headers and all else are the runtime's own (runtime/host/bare) --------------

set(smelt_system_bare host/alone/team host/alone/processors host/small/snprintf)
set(smelt_processor_plain processor/plain processor/any_level)
file(GLOB bare_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/runtime/host/bare/*.c)
execute_process(COMMAND ${PROJECT_SOURCE_DIR}/setup/sysroot.sh ${SMELT_SYSROOTS} armhf arm64 COMMAND_ERROR_IS_FATAL ANY)
# libgcc.a beside it serves who has no toolchain: Debian's for armhf is Thumb-2 code that all of them run.
function(add_bare_target target triple architecture)
  smelt_host_sources(host_sources bare plain)
  file(GLOB libgcc ${SMELT_SYSROOTS}/${architecture}/usr/lib/gcc/*/*/libgcc.a)
  file(COPY ${libgcc} DESTINATION ${PROJECT_BINARY_DIR}/lib/smelt/${target})
  add_other_archive(${target} runtime ${triple} "${PROJECT_SOURCE_DIR}/runtime/host/bare/include;${builtin_headers}"
    "${model_sources};${bare_sources};${host_sources}" -ffreestanding -fvisibility=hidden ${ARGN})
endfunction()
add_bare_target(armv7m-none thumbv7em-none-eabihf armhf -mcpu=cortex-m4)
add_bare_target(armv7a-none armv7a-none-eabihf armhf -mcpu=cortex-a7)
add_bare_target(aarch64-none aarch64-none-elf arm64 -mcpu=generic)

# ---- Windows: mingw-w64's headers and static runtime -----------------------------------------------------------

set(windows ${SMELT_SYSROOTS}/windows/usr)
set(windows_target x86_64-windows)
set(windows_flags -march=x86-64 -D_FILE_OFFSET_BITS=64 -D__USE_MINGW_ANSI_STDIO=1 -D_WIN32_WINNT=0x0602 -fno-emulated-tls)
execute_process(COMMAND ${PROJECT_SOURCE_DIR}/setup/sysroot.sh ${SMELT_SYSROOTS} windows COMMAND_ERROR_IS_FATAL ANY)
foreach(file IN ITEMS crt2u.o dllcrt2.o libmingw32.a libmingwex.a libmsvcrt.a libkernel32.a libadvapi32.a libsynchronization.a)
  file(COPY ${windows}/x86_64-w64-mingw32/lib/${file} DESTINATION ${PROJECT_BINARY_DIR}/lib/smelt/${windows_target})
endforeach()
set(smelt_system_windows core/team ${weights_elsewhere})
file(GLOB windows_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/runtime/host/windows/*.c)
set(windows_start ${PROJECT_SOURCE_DIR}/runtime/host/windows/start.c) # a program's alone
list(REMOVE_ITEM windows_sources ${windows_start} ${PROJECT_SOURCE_DIR}/runtime/host/windows/x86_64.c)
set(smelt_windows_x86_64 host/windows/x86_64)
smelt_host_sources(host_sources windows x86_64)
add_other_archive(${windows_target} runtime x86_64-w64-windows-gnu ${windows}/share/mingw-w64/include
  "${target_runtime_sources};${windows_sources};${host_sources}" ${windows_flags})
# An archive's index takes a weak reference for a definition, and names the first: what refers weakly comes last.
set(windows_app_sources ${target_app_sources} ${windows_start})
foreach(name IN ITEMS score run_graph options main commands)
  list(REMOVE_ITEM windows_app_sources ${PROJECT_SOURCE_DIR}/runtime/app/${name}.c)
  list(APPEND windows_app_sources ${PROJECT_SOURCE_DIR}/runtime/app/${name}.c)
endforeach()
add_other_archive(${windows_target} app x86_64-w64-windows-gnu ${windows}/share/mingw-w64/include
  "${windows_app_sources}" ${windows_flags})

# ---- macOS: a library alone, against declarations of the runtime's own (runtime/host/macos/include) ---------------

set(smelt_system_macos core/team ${weights_elsewhere})
set(smelt_macos_aarch64 host/macos/aarch64)
set(smelt_macos_x86_64 host/macos/x86_64)
file(GLOB macos_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/runtime/host/macos/*.c)
list(FILTER macos_sources EXCLUDE REGEX "/(aarch64|x86_64)[.]c$")
foreach(processor IN ITEMS aarch64 x86_64)
  set(triple ${processor}-apple-macos11)
  string(REPLACE aarch64 arm64 triple ${triple})
  smelt_host_sources(host_sources macos ${processor})
  add_other_archive(${processor}-macos runtime ${triple} "${PROJECT_SOURCE_DIR}/runtime/host/macos/include;${builtin_headers}"
    "${model_sources};${macos_sources};${host_sources}" -fPIC -fvisibility=hidden)
endforeach()
