# How this project is compiled: compiler launcher, linker, warnings, and the
# two helpers every folder uses, ntk_add_library and ntk_add_tool.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

find_program(LLD_PROGRAM NAMES ld.lld)
if(LLD_PROGRAM)
  add_link_options(-fuse-ld=lld)
endif()

# MLIR is built without RTTI and exceptions; libraries that talk to it are too.
add_library(ntk_options INTERFACE)
target_compile_options(ntk_options INTERFACE
  -Wall -Wextra -Wno-unused-parameter -fno-rtti -fno-exceptions
  # "return std::move(error)" is needed by some compilers, redundant to others.
  -Wno-redundant-move)
separate_arguments(LLVM_DEFINITIONS_LIST NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_options(ntk_options INTERFACE ${LLVM_DEFINITIONS_LIST})
target_include_directories(ntk_options SYSTEM INTERFACE
  ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_include_directories(ntk_options INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR}/include
  ${PROJECT_BINARY_DIR}/include)

if(NTK_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "NTK_FUZZ: expected clang, which has libFuzzer, but got "
      "${CMAKE_CXX_COMPILER_ID}")
  endif()
  # Undefined behaviour and assertions, those of LLVM's headers too, end the run
  # as a crash does. Sanitizers make generated code slow to optimise.
  add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize-recover=all -O1
    -UNDEBUG)
endif()

if(NTK_SANITIZE OR NTK_FUZZ)
  # vptr checks need RTTI, which MLIR does not have.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# ntk_add_library(NAME source... DEPENDS tablegen-target... LINK library...)
#
# A static library of the compiler. Sources include project headers from the
# root, as "dialects/NTK/IR/NTKOps.h" and "ntk/Derive/Derive.h".
function(ntk_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ntk_options ${ARG_LINK} MLIR LLVM)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# ntk_add_tool(NAME source... LINK library...): an executable in build/bin.
function(ntk_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ntk_options ${ARG_LINK} MLIR LLVM)
endfunction()

# ntk_tablegen(TARGET file.td flag output ...): runs mlir-tblgen once for each
# (flag, output) pair and makes TARGET depend on the results.
function(ntk_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(pairs ${ARGN})
  while(pairs)
    list(POP_FRONT pairs flags output)
    separate_arguments(flags)
    mlir_tablegen(${output} ${flags} EXTRA_INCLUDES ${PROJECT_SOURCE_DIR})
  endwhile()
  add_public_tablegen_target(${target})
endfunction()
