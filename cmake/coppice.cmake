# What every target of coppice shares: the language, the warnings, the sanitizers, the allocator, and four short
# verbs (coppice_library, coppice_test, coppice_bench, coppice_fuzz) so that a folder's list reads as a list.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)

add_library(coppice_options INTERFACE)
target_include_directories(coppice_options INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
target_compile_options(coppice_options INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_FLAGS_RELWITHDEBINFO MATCHES "-O3")
    # GCC's bug 105651: at -O3 it warns of overlaps inside std::string's own operator+.
    target_compile_options(coppice_options INTERFACE -Wno-restrict)
endif()
target_link_libraries(coppice_options INTERFACE Threads::Threads)
if(COPPICE_ASSERTIONS)
    target_compile_definitions(coppice_options INTERFACE COPPICE_ASSERTIONS)
endif()
if(COPPICE_SANITIZE)
    string(REPLACE ";" "," sanitizers "${COPPICE_SANITIZE}")
    add_compile_options(-fsanitize=${sanitizers} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${sanitizers})
endif()
# What every test that runs our code finds in its environment.
set(COPPICE_TEST_ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp")
if(COPPICE_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_custom_target(coppice_fuzzers)
endif()

# coppice_allocator: jemalloc, for programs that serve. A sanitizer brings its own allocator, so none beside it.
option(COPPICE_JEMALLOC "Link jemalloc into the programs" ON)
add_library(coppice_allocator INTERFACE)
if(COPPICE_JEMALLOC AND NOT COPPICE_SANITIZE)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
    # Linked even where no malloc is called directly: libraries call it too.
    target_link_libraries(coppice_allocator INTERFACE -Wl,--push-state,--no-as-needed PkgConfig::jemalloc -Wl,--pop-state)
    target_compile_definitions(coppice_allocator INTERFACE COPPICE_JEMALLOC)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/version.cmake)

find_program(COPPICE_CCACHE ccache)
if(COPPICE_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${COPPICE_CCACHE})
endif()

# coppice_library(folder source ... [USES library ...]): the library coppice_<folder>.
function(coppice_library folder)
    cmake_parse_arguments(given "" "" "USES" ${ARGN})
    add_library(coppice_${folder} STATIC ${given_UNPARSED_ARGUMENTS})
    target_link_libraries(coppice_${folder} PUBLIC coppice_options ${given_USES})
endfunction()

# coppice_test(name source ... [USES library ...] [LABELS label ...] [TIMEOUT seconds]): one test program, run by
# ctest. The label `threads` also runs it under TSan in `make test`.
function(coppice_test name)
    cmake_parse_arguments(given "" "TIMEOUT" "USES;LABELS" ${ARGN})
    if(NOT given_TIMEOUT)
        set(given_TIMEOUT 300)
    endif()
    if(COPPICE_SANITIZE)
        math(EXPR given_TIMEOUT "4 * ${given_TIMEOUT}")
    endif()
    add_executable(${name} ${given_UNPARSED_ARGUMENTS})
    target_link_libraries(${name} PRIVATE ${given_USES} GTest::gtest GTest::gtest_main)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${given_TIMEOUT} LABELS "${given_LABELS}"
        ENVIRONMENT "${COPPICE_TEST_ENVIRONMENT}")
endfunction()

# coppice_bench(name source ... [USES library ...]): one benchmark program; ctest runs it at small size.
function(coppice_bench name)
    cmake_parse_arguments(given "" "" "USES" ${ARGN})
    add_executable(${name} ${given_UNPARSED_ARGUMENTS})
    target_link_libraries(${name} PRIVATE ${given_USES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/bench)
    add_test(NAME ${name}_small COMMAND ${name} --small)
    set_tests_properties(${name}_small PROPERTIES TIMEOUT 120)
endfunction()

# coppice_fuzz(name source ... [USES library ...]): the fuzzer <name>_fuzz; its first inputs lie in fuzz/corpus/<name>.
function(coppice_fuzz name)
    cmake_parse_arguments(given "" "" "USES" ${ARGN})
    add_executable(${name}_fuzz ${given_UNPARSED_ARGUMENTS})
    target_link_libraries(${name}_fuzz PRIVATE ${given_USES})
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    target_include_directories(${name}_fuzz PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    add_dependencies(coppice_fuzzers ${name}_fuzz)
endfunction()
