# Read by cpack for each kind of package. A .deb has smelt itself, and its libraries and the linker from other packages;
# an archive brings all of them.
list(GET CPACK_INSTALL_CMAKE_PROJECTS 0 build)
if(CPACK_GENERATOR STREQUAL "DEB")
  set(form program)
else()
  set(form standalone)
endif()
set(CPACK_INSTALL_CMAKE_PROJECTS "${build};smelt;Unspecified;/;${build};smelt;${form};/")
