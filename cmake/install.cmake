# The installed library: one archive, its headers, and what find_package(coppice) and pkg-config read. scripts/install.sh
# installs it (component `library`) beside the program.
include(CMakePackageConfigHelpers)

set(objects)
foreach(part base tree storage store)
    list(APPEND objects $<TARGET_OBJECTS:coppice_${part}>)
endforeach()
# Tests install it, so it is built with them; else only when it is asked for.
if(COPPICE_TESTS)
    add_library(coppice_archive STATIC ${objects})
else()
    add_library(coppice_archive STATIC EXCLUDE_FROM_ALL ${objects})
endif()
set_target_properties(coppice_archive PROPERTIES
    LINKER_LANGUAGE CXX OUTPUT_NAME coppice ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# A program must be compiled as the library was: assertions add checks to inline functions.
set(definitions)
if(COPPICE_ASSERTIONS)
    set(definitions COPPICE_ASSERTIONS)
endif()

set(package ${CMAKE_BINARY_DIR}/package)
file(CONFIGURE OUTPUT ${package}/coppiceConfig.cmake @ONLY CONTENT [[
# Made by cmake/install.cmake. Two targets, which find_package(coppice COMPONENTS ...) may ask for alone:
#   store        coppice::coppice: the store inside a C++ program (#include <coppice/store.hpp>)
#   collections  coppice::collections: headers that need no library (#include <coppice/vector.hpp>)
get_filename_component(coppice_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(coppice_collections_FOUND TRUE)
if(NOT TARGET coppice::collections)
    add_library(coppice::collections INTERFACE IMPORTED)
    set_target_properties(coppice::collections PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${coppice_prefix}/include"
        INTERFACE_COMPILE_FEATURES cxx_std_20)
endif()
if(NOT coppice_FIND_COMPONENTS OR "store" IN_LIST coppice_FIND_COMPONENTS)
    include(CMakeFindDependencyMacro)
    find_dependency(Threads)
    find_dependency(OpenSSL COMPONENTS Crypto)
    set(coppice_store_FOUND TRUE)
    if(NOT TARGET coppice::coppice)
        add_library(coppice::coppice STATIC IMPORTED)
        set_target_properties(coppice::coppice PROPERTIES
            IMPORTED_LOCATION "${coppice_prefix}/lib/libcoppice.a"
            INTERFACE_INCLUDE_DIRECTORIES "${coppice_prefix}/include"
            INTERFACE_COMPILE_DEFINITIONS "@definitions@"
            INTERFACE_COMPILE_FEATURES cxx_std_20
            INTERFACE_LINK_LIBRARIES "rocksdb;zstd;lz4;OpenSSL::Crypto;Threads::Threads")
    endif()
endif()
foreach(coppice_part IN LISTS coppice_FIND_COMPONENTS)
    if(coppice_FIND_REQUIRED_${coppice_part} AND NOT coppice_${coppice_part}_FOUND)
        set(coppice_FOUND FALSE)
        set(coppice_NOT_FOUND_MESSAGE "coppice has no component '${coppice_part}': they are store and collections")
    endif()
endforeach()
]])
write_basic_package_version_file(${package}/coppiceConfigVersion.cmake
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)

list(TRANSFORM definitions PREPEND "-D" OUTPUT_VARIABLE flags)
file(CONFIGURE OUTPUT ${package}/coppice.pc @ONLY CONTENT [[
prefix=${pcfiledir}/../..

Name: coppice
Description: @PROJECT_DESCRIPTION@
Version: @PROJECT_VERSION@
Cflags: -I${prefix}/include @flags@
Libs: -L${prefix}/lib -lcoppice -lrocksdb -lzstd -llz4 -lcrypto -pthread
]])
file(CONFIGURE OUTPUT ${package}/coppice-collections.pc @ONLY CONTENT [[
prefix=${pcfiledir}/../..

Name: coppice-collections
Description: Persistent collections, header-only
Version: @PROJECT_VERSION@
Cflags: -I${prefix}/include
]])

install(TARGETS coppice_archive ARCHIVE DESTINATION lib COMPONENT library)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/coppice DESTINATION include COMPONENT library FILES_MATCHING PATTERN "*.hpp")
install(FILES ${package}/coppiceConfig.cmake ${package}/coppiceConfigVersion.cmake
    DESTINATION lib/cmake/coppice COMPONENT library)
install(FILES ${package}/coppice.pc ${package}/coppice-collections.pc DESTINATION lib/pkgconfig COMPONENT library)
