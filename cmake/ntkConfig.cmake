# find_package(ntk): kernels of networks at build time.
#
#   ntk_add_kernel(TARGET MODEL model.onnx [NAME net] [KERNELS none|cblas|onednn]
#                  [OPTIONS option...])
#
# runs the compiler on the model and makes TARGET, a static library with NAME.h,
# whose functions the file documents. NAME is TARGET unless given; OPTIONS are
# those of ntk-translate --ntk-to-cpp, as --embed-weights or --dtype f64.

get_filename_component(NTK_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(NTK_TRANSLATE "${NTK_PREFIX}/bin/ntk-translate")
set(NTK_INCLUDE_DIR "${NTK_PREFIX}/include")
if(NOT EXISTS "${NTK_TRANSLATE}")
  set(ntk_FOUND FALSE)
  set(ntk_NOT_FOUND_MESSAGE "expected ${NTK_TRANSLATE}")
  return()
endif()

# Links `target` to the libraries that emitted code with these kernels leans on.
function(ntk_link_kernels target kernels)
  if(kernels STREQUAL "none")
    find_package(OpenMP COMPONENTS CXX)
    if(OpenMP_CXX_FOUND)
      target_link_libraries(${target} PUBLIC OpenMP::OpenMP_CXX)
    endif()
    return()
  endif()
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  find_path(NTK_BLIS_INCLUDE_DIR blis.h REQUIRED
    PATH_SUFFIXES blis-openmp x86_64-linux-gnu/blis-openmp blis)
  find_library(NTK_BLIS_LIBRARY blis REQUIRED
    PATH_SUFFIXES blis-openmp x86_64-linux-gnu/blis-openmp)
  target_include_directories(${target} SYSTEM PRIVATE ${NTK_BLIS_INCLUDE_DIR})
  target_link_libraries(${target} PUBLIC OpenMP::OpenMP_CXX ${NTK_BLIS_LIBRARY})
  if(kernels STREQUAL "onednn")
    find_library(NTK_DNNL_LIBRARY dnnl REQUIRED)
    target_link_libraries(${target} PUBLIC ${NTK_DNNL_LIBRARY})
  endif()
endfunction()

function(ntk_add_kernel target)
  cmake_parse_arguments(ARG "" "MODEL;NAME;KERNELS" "OPTIONS" ${ARGN})
  if(NOT ARG_MODEL)
    message(FATAL_ERROR "ntk_add_kernel(${target}): expected MODEL model.onnx")
  endif()
  if(NOT ARG_NAME)
    set(ARG_NAME ${target})
  endif()
  if(NOT ARG_KERNELS)
    set(ARG_KERNELS none)
  endif()
  get_filename_component(model "${ARG_MODEL}" ABSOLUTE)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}.kernel")
  file(MAKE_DIRECTORY "${folder}")
  add_custom_command(
    OUTPUT "${folder}/${ARG_NAME}.cpp" "${folder}/${ARG_NAME}.h"
    COMMAND "${NTK_TRANSLATE}" --ntk-to-cpp "${model}"
            -o "${folder}/${ARG_NAME}.cpp" --kernels=${ARG_KERNELS} --quiet
            ${ARG_OPTIONS}
    DEPENDS "${model}" "${NTK_TRANSLATE}"
    COMMENT "Writing the kernel of ${ARG_MODEL}" VERBATIM)
  add_library(${target} STATIC "${folder}/${ARG_NAME}.cpp")
  target_compile_features(${target} PRIVATE cxx_std_17)
  target_compile_options(${target} PRIVATE -O3)
  target_include_directories(${target} PUBLIC "${folder}"
    PRIVATE "${NTK_INCLUDE_DIR}")
  ntk_link_kernels(${target} ${ARG_KERNELS})
endfunction()
