# find_package(smelt): models become libraries while a project is built.
#   smelt_add_model(NAME MODEL [SHARED] [OPTIONS...])
# MODEL, a folder or an .onnx file, becomes the target NAME: `smelt build MODEL --emit lib (or shared) --name NAME OPTIONS`.
# Whoever links it includes NAME.h. A project that is made for another system than this one says so to smelt: OPTIONS --target
# x86_64-windows, with Windows as CMAKE_SYSTEM_NAME.
get_filename_component(SMELT_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(SMELT_EXECUTABLE ${SMELT_PREFIX}/bin/smelt)

function(smelt_add_model name model)
  cmake_parse_arguments(PARSE_ARGV 2 arg "SHARED" "" "OPTIONS")
  get_filename_component(model ${model} ABSOLUTE)
  set(form lib)
  set(kind STATIC)
  set(library ${CMAKE_CURRENT_BINARY_DIR}/${name}/lib${name}.a)
  if(arg_SHARED)
    set(form shared)
    set(kind SHARED)
    set(library ${CMAKE_CURRENT_BINARY_DIR}/${name}/lib${name}.so)
    if(WIN32)
      set(library ${CMAKE_CURRENT_BINARY_DIR}/${name}/${name}.dll)
    elseif(APPLE)
      set(library ${CMAKE_CURRENT_BINARY_DIR}/${name}/lib${name}.dylib)
    endif()
  endif()
  set(beside m pthread) # as `smelt targets --json` has it
  if(WIN32)
    set(beside synchronization)
  elseif(APPLE)
    set(beside)
  endif()
  set(imports) # of a DLL
  if(arg_SHARED AND WIN32)
    set(imports ${CMAKE_CURRENT_BINARY_DIR}/${name}/${name}.lib)
  endif()
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${name})
  if(IS_DIRECTORY ${model})
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${model}/*)
  else()
    set(files ${model})
  endif()
  add_custom_command(OUTPUT ${library} BYPRODUCTS ${CMAKE_CURRENT_BINARY_DIR}/${name}/${name}.h ${imports}
    COMMAND ${SMELT_EXECUTABLE} build ${model} --emit ${form} --name ${name} ${arg_OPTIONS} -o ${library}
    DEPENDS ${files} VERBATIM COMMENT "Compiling the model ${name}")
  add_custom_target(${name}_model DEPENDS ${library})
  add_library(${name} ${kind} IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${library} IMPORTED_IMPLIB "${imports}"
    INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_CURRENT_BINARY_DIR}/${name} INTERFACE_LINK_LIBRARIES "${beside}")
  add_dependencies(${name} ${name}_model)
endfunction()
