# build/lib/smelt/TARGET for every target: what a compiled model is linked with.
#   libruntime.a   runtime/core, text, constrain, decode, chat, sound, speech, vision, and of runtime/host and
#                  runtime/processor what the row says                     libapp.a   runtime/app, with main
#   crt1.o crti.o crtn.o libc.a                   from Debian's musl-dev
#   libgcc.a                                      from Debian's libgcc-12-dev (riscv64: Debian 13's libgcc-14-dev)
#   crt1-command.o crt1-reactor.o libc.a          of wasm32 from Debian's wasi-libc
#   libsmall.a                                    of wasm32: what stands for some of it; libmodule.a: a module's alone
#   libclang_rt.builtins-wasm32.a                 and from LLVM's libclang-rt-22-dev-wasm32
#
# The rows here and those of compiler/codegen's target table carry the same names.
# name           triple                Debian   the least CPU (-march)  system  processor
set(smelt_target_rows
  "x86_64-linux   x86_64-linux-musl     amd64    x86-64   linux  x86_64"
  "aarch64-linux  aarch64-linux-musl    arm64    armv8-a  linux  aarch64"
  "armv7-linux    arm-linux-musleabihf  armhf    armv7-a  linux  armv7"
  "riscv64-linux  riscv64-linux-musl    riscv64  rv64gc   linux  riscv64"
  "wasm32-wasi    wasm32-wasip1         wasi     generic  wasi   wasm32")

# What the runtime asks of each system (runtime/host/host.h), and what it knows of each processor: files of runtime/.
# Weights beside the program, or compressed in it.
set(weights_elsewhere weights/beside weights/packed weights/unzstd weights/unzstd_entropy weights/checksum)
set(smelt_system_linux core/team
  host/posix/clock host/posix/files host/posix/interrupts host/posix/memory host/posix/terminal host/posix/threads
  host/linux/peak_memory host/linux/processors host/linux/random host/linux/waiting ${weights_elsewhere}
  host/posix/file_map host/posix/cache_folder host/posix/kept_file host/linux/own_file)
# Of programs alone, in place of the C library's.
set(smelt_program_linux host/linux/start host/small/format host/small/snprintf host/small/text host/bare/sort)
set(smelt_system_wasi host/alone/team host/alone/processors host/posix/clock host/posix/files
  host/wasi/jumps host/wasi/memory host/wasi/random host/wasi/terminal ${weights_elsewhere} host/wasi/weights_file)
# What modules have in place of wasi-libc's, for size; whoever links a library brings his own libc.
set(wasi_small_sources host/small/format host/small/snprintf host/small/text host/wasi/bytes host/wasi/malloc)
set(smelt_processor_x86_64 processor/x86_64 processor/peak_x86_64)
set(smelt_processor_aarch64 processor/aarch64 processor/any_level processor/peak_aarch64)
set(smelt_processor_armv7 processor/armv7 processor/any_level processor/peak_armv7)
set(smelt_processor_riscv64 processor/riscv64 processor/peak_riscv64)
set(smelt_processor_wasm32 processor/plain processor/any_level processor/peak_wasm32)
# What a system knows of one processor.
set(smelt_linux_x86_64 host/linux/x86_64)
set(smelt_linux_aarch64 host/linux/aarch64)
foreach(processor IN ITEMS armv7 riscv64)
  set(smelt_linux_${processor} host/linux/capabilities)
endforeach()

# The paths of all of these in `result`.
function(smelt_host_sources result system processor)
  set(sources)
  foreach(name IN LISTS smelt_system_${system} smelt_processor_${processor} smelt_${system}_${processor})
    list(APPEND sources ${PROJECT_SOURCE_DIR}/runtime/${name}.c)
  endforeach()
  set(${result} ${sources} PARENT_SCOPE)
endfunction()

# Shared by every build folder of this tree, so that only the first one downloads.
set(SMELT_SYSROOTS ${PROJECT_SOURCE_DIR}/build/sysroots CACHE PATH "Unpacked musl and libgcc per architecture")

file(GLOB_RECURSE target_runtime_sources CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/runtime/core/*.c ${PROJECT_SOURCE_DIR}/runtime/text/*.c
  ${PROJECT_SOURCE_DIR}/runtime/constrain/*.c ${PROJECT_SOURCE_DIR}/runtime/decode/*.c
  ${PROJECT_SOURCE_DIR}/runtime/chat/*.c ${PROJECT_SOURCE_DIR}/runtime/sound/*.c
  ${PROJECT_SOURCE_DIR}/runtime/speech/*.c ${PROJECT_SOURCE_DIR}/runtime/vision/*.c)
list(REMOVE_ITEM target_runtime_sources ${PROJECT_SOURCE_DIR}/runtime/core/team.c) # the row's system says which team
# Opening a model, reading options and constraints and writing out dialogues takes a moment once; what runs at each token
# is made for speed. What makes tokens of texts takes 4 % longer so (10 MB/s in all), which a model's time hides.
file(GLOB small_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/runtime/constrain/*.c
  ${PROJECT_SOURCE_DIR}/runtime/chat/*.c ${PROJECT_SOURCE_DIR}/runtime/app/*.c ${PROJECT_SOURCE_DIR}/runtime/text/*.c
  ${PROJECT_SOURCE_DIR}/runtime/host/*/*.c ${PROJECT_SOURCE_DIR}/runtime/processor/*.c)
list(FILTER small_sources EXCLUDE REGEX "/(mask|stacks|vocabulary)[.]c$")
foreach(name IN ITEMS core/cache core/cpu core/describe core/limits core/manifest core/open core/pair_tokens core/profile
    core/tokens decode/beams decode/draft decode/generate decode/hypotheses decode/options decode/own_processors
    decode/prompt decode/session decode/speculate decode/stop)
  list(APPEND small_sources ${PROJECT_SOURCE_DIR}/runtime/${name}.c)
endforeach()
set_source_files_properties(${small_sources} PROPERTIES COMPILE_OPTIONS -Oz)
file(GLOB_RECURSE target_app_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/runtime/app/*.c)

# How C is compiled for each system beside what all have in common. In WebAssembly setjmp is an exception
# (runtime/host/wasi/jumps.c), of the kind that all engines have.
set(smelt_options_linux -march=CPU -O2 -fPIC)
set(smelt_options_wasi -mcpu=CPU -msimd128 -mbulk-memory -Oz -mexception-handling
  "SHELL:-mllvm -wasm-enable-sjlj" "SHELL:-mllvm -wasm-use-legacy-eh")

# Makes `library` cross-compiled C for one of the rows' targets.
function(smelt_compile_for_target library target)
  foreach(line IN LISTS smelt_target_rows)
    separate_arguments(row UNIX_COMMAND "${line}")
    list(GET row 0 name)
    if(name STREQUAL target)
      list(GET row 1 triple)
      list(GET row 2 architecture)
      list(GET row 3 cpu)
      list(GET row 4 system)
    endif()
  endforeach()
  string(REPLACE CPU ${cpu} options "${smelt_options_${system}}")
  if(system STREQUAL wasi)
    set(headers ${PROJECT_SOURCE_DIR}/runtime/host/wasi ${WASI_HEADERS})
  else()
    set(root ${SMELT_SYSROOTS}/${architecture}/usr/include)
    string(REPLACE musl gnu kernel_triple ${triple})
    set(headers ${root}/${triple} ${root} ${root}/${kernel_triple})
  endif()
  target_include_directories(${library} PRIVATE ${PROJECT_SOURCE_DIR}/include)
  target_compile_options(${library} PRIVATE --target=${triple} ${options} -g0
    -fvisibility=hidden -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables
    -nostdlibinc)
  target_include_directories(${library} SYSTEM PRIVATE ${STB_HEADERS} ${headers})
  target_link_libraries(${library} PRIVATE smelt_warnings)
endfunction()

# lib/smelt/TARGET/libNAME.a of the given sources; an empty archive while there are none.
function(add_target_archive target name)
  set(folder ${PROJECT_BINARY_DIR}/lib/smelt/${target})
  if(NOT ARGN)
    file(WRITE ${folder}/lib${name}.a "!<arch>\n")
    return()
  endif()
  set(archive ${name}_${target})
  add_library(${archive} STATIC ${ARGN})
  set_target_properties(${archive} PROPERTIES OUTPUT_NAME ${name} ARCHIVE_OUTPUT_DIRECTORY ${folder})
  target_include_directories(${archive} PRIVATE ${PROJECT_SOURCE_DIR}/runtime)
  target_compile_definitions(${archive} PRIVATE SMELT_VERSION="${PROJECT_VERSION}")
  smelt_compile_for_target(${archive} ${target})
  add_dependencies(smelt_targets ${archive})
endfunction()

# The libc pack of a row: what programs are linked with beside the runtime.
function(copy_libc_pack target triple architecture)
  if(architecture STREQUAL wasi)
    set(pack ${WASI_LIBRARIES}/crt1-command.o ${WASI_LIBRARIES}/crt1-reactor.o ${WASI_LIBRARIES}/libc.a ${WASI_BUILTINS})
  else()
    execute_process(COMMAND ${PROJECT_SOURCE_DIR}/setup/sysroot.sh ${SMELT_SYSROOTS} ${architecture}
      COMMAND_ERROR_IS_FATAL ANY)
    set(sysroot ${SMELT_SYSROOTS}/${architecture})
    file(GLOB libgcc ${sysroot}/usr/lib/gcc/*/*/libgcc.a)
    set(libc ${sysroot}/usr/lib/${triple})
    set(pack ${libc}/crt1.o ${libc}/crti.o ${libc}/crtn.o ${libc}/libc.a ${libgcc})
  endif()
  file(COPY ${pack} DESTINATION ${PROJECT_BINARY_DIR}/lib/smelt/${target})
endfunction()

add_custom_target(smelt_targets ALL)
foreach(line IN LISTS smelt_target_rows)
  separate_arguments(row UNIX_COMMAND "${line}")
  list(GET row 0 target)
  list(GET row 1 triple)
  list(GET row 2 architecture)
  list(GET row 4 system)
  list(GET row 5 processor)
  copy_libc_pack(${target} ${triple} ${architecture})
  smelt_host_sources(host_sources ${system} ${processor})
  add_target_archive(${target} runtime ${target_runtime_sources} ${host_sources})
  set(program_sources)
  list(TRANSFORM smelt_program_${system} REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/runtime/\\1.c" OUTPUT_VARIABLE program_sources)
  add_target_archive(${target} app ${target_app_sources} ${program_sources})
endforeach()
list(TRANSFORM wasi_small_sources PREPEND ${PROJECT_SOURCE_DIR}/runtime/)
list(TRANSFORM wasi_small_sources APPEND .c)
add_target_archive(wasm32-wasi small ${wasi_small_sources})
add_target_archive(wasm32-wasi module ${PROJECT_SOURCE_DIR}/runtime/host/module/clock.c ${PROJECT_SOURCE_DIR}/runtime/host/module/environment.c)
