# What smelt stands on. Each comes from a Debian package that setup/packages names.

# ---- LLVM's C API: headers of llvm-c only, one shared library ---------------

# llvm-config comes without the headers too (llvm-22 without llvm-22-dev).
function(has_llvm_c_headers result program)
  execute_process(COMMAND ${program} --includedir OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT EXISTS ${folder}/llvm-c/Core.h)
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()
find_program(LLVM_CONFIG NAMES llvm-config-22 llvm-config-19 VALIDATOR has_llvm_c_headers REQUIRED)
function(llvm_config result)
  execute_process(COMMAND ${LLVM_CONFIG} ${ARGN} OUTPUT_VARIABLE answer
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(${result} ${answer} PARENT_SCOPE)
endfunction()
llvm_config(llvm_include --includedir)
llvm_config(llvm_lib --libdir)
llvm_config(llvm_name --link-shared --libs)
llvm_config(llvm_version --version)
string(REGEX MATCH "^[0-9]+" llvm_major ${llvm_version})
message(STATUS "LLVM ${llvm_version}")

add_library(LLVM_C INTERFACE)
target_include_directories(LLVM_C SYSTEM INTERFACE ${llvm_include})
target_link_directories(LLVM_C INTERFACE ${llvm_lib})
target_link_libraries(LLVM_C INTERFACE ${llvm_name})

find_program(LLD NAMES ld.lld-${llvm_major} ld.lld-22 ld.lld-19 ld.lld REQUIRED)
set(SMELT_LINKER ${LLD}) # compiled into smelt as its first choice

# ---- libraries with pkg-config ----------------------------------------------

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)

# ---- the ONNX schema: onnx.proto as libonnx-dev ships it, to C --------------

find_program(PROTOC_C NAMES protoc-c REQUIRED)
find_path(ONNX_PROTO_FOLDER NAMES onnx.proto PATH_SUFFIXES onnx REQUIRED)
set(generated ${PROJECT_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${generated})
# NAME_schema: what protobuf-c makes of FOLDER/NAME.proto.
function(smelt_add_schema name folder)
  add_custom_command(
    OUTPUT ${generated}/${name}.pb-c.c ${generated}/${name}.pb-c.h
    COMMAND ${PROTOC_C} --proto_path=${folder} --c_out=${generated} ${name}.proto
    DEPENDS ${folder}/${name}.proto VERBATIM)
  add_library(${name}_schema STATIC ${generated}/${name}.pb-c.c ${generated}/${name}.pb-c.h)
  target_include_directories(${name}_schema SYSTEM PUBLIC ${generated})
  target_link_libraries(${name}_schema PUBLIC PkgConfig::PROTOBUF_C)
endfunction()

smelt_add_schema(onnx ${ONNX_PROTO_FOLDER})

# ---- SentencePiece's schema, as far as smelt reads it -------------------------

smelt_add_schema(sentencepiece ${PROJECT_SOURCE_DIR}/compiler/tokenizer)

# ---- wasm32's libc, which has no architecture in Debian -------------------------

find_path(WASI_HEADERS NAMES wasi/api.h PATHS /usr/include/wasm32-wasi NO_DEFAULT_PATH REQUIRED)
find_path(WASI_LIBRARIES NAMES crt1-command.o PATHS /usr/lib/wasm32-wasi NO_DEFAULT_PATH REQUIRED)
find_file(WASI_BUILTINS NAMES libclang_rt.builtins-wasm32.a PATHS
  /usr/lib/llvm-${llvm_major}/lib/clang/${llvm_major}/lib/wasi NO_DEFAULT_PATH REQUIRED)

# ---- stb_image: a header that runtime/vision compiles for every target ---------

find_path(STB_HEADERS NAMES stb_image.h PATH_SUFFIXES stb REQUIRED)

# ---- versions of what programs are linked with -----------------------------------

# The version of a Debian package: of one that was unpacked for an architecture, else as installed; empty: it is neither.
function(smelt_package_version result package architecture)
  file(GLOB changes ${SMELT_SYSROOTS}/${architecture}/usr/share/doc/${package}/changelog.Debian*.gz)
  if(changes)
    list(GET changes 0 changes)
    execute_process(COMMAND gzip -dc ${changes} COMMAND sed -n "1s/.*(\\(.*\\)).*/\\1/p"
      OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
  else()
    execute_process(COMMAND dpkg-query -W -f "\${Version}" ${package} OUTPUT_VARIABLE version ERROR_QUIET)
  endif()
  set(${result} "${version}" PARENT_SCOPE)
endfunction()

# Defines them for `source`, which tells users (--licenses, --sbom). After cmake/targets.cmake.
function(smelt_state_versions source)
  smelt_package_version(musl musl-dev amd64)
  smelt_package_version(riscv64_musl musl-dev riscv64) # of another Debian than the other targets'
  smelt_package_version(wasi_libc wasi-libc wasi)
  smelt_package_version(mingw mingw-w64-x86-64-dev windows)
  file(GLOB libgcc ${SMELT_SYSROOTS}/amd64/usr/lib/gcc/x86_64-linux-gnu/*)
  get_filename_component(libgcc "${libgcc}" NAME)
  file(GLOB riscv64_libgcc ${SMELT_SYSROOTS}/riscv64/usr/lib/gcc/riscv64-linux-gnu/*)
  get_filename_component(riscv64_libgcc "${riscv64_libgcc}" NAME)
  set(compiler_rt ${llvm_version})
  file(STRINGS ${STB_HEADERS}/stb_image.h stb REGEX "^/[*] stb_image - v" LIMIT_COUNT 1)
  string(REGEX REPLACE ".* - v([0-9.]*).*" "\\1" stb "${stb}")
  find_file(UTF8PROC_HEADER NAMES utf8proc.h REQUIRED)
  file(STRINGS ${UTF8PROC_HEADER} lines REGEX "^#define UTF8PROC_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "#define [A-Z0-9_]+ +([0-9]+)[^;]*" "\\1" utf8proc "${lines}")
  string(REPLACE ";" "." utf8proc "${utf8proc}")
  set(definitions)
  foreach(part IN ITEMS musl riscv64_musl wasi_libc mingw libgcc riscv64_libgcc compiler_rt stb utf8proc)
    string(TOUPPER ${part} name)
    list(APPEND definitions "SMELT_${name}_VERSION=\"${${part}}\"")
  endforeach()
  set_source_files_properties(${source} PROPERTIES COMPILE_DEFINITIONS "${definitions}")
endfunction()
