// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C interface of the compiler as Python objects, one to one: arrays of
// NumPy in and out, errors as the exceptions of ntk/_errors.py, the GIL free
// while the compiler works. What is convenient is written in Python.

#include "ntk-c/ntk.h"

#include <chrono>
#include <cstring>
#include <memory>
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace nb::literals;

using Array = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using Output = nb::ndarray<nb::c_contig, nb::device::cpu>;
using NamedArrays = std::vector<std::pair<std::string, Array>>;

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// Raises the error of the calling thread.
[[noreturn]] static void raise(ntk_status status) {
  nb::object errors = nb::module_::import_("ntk._errors");
  nb::list names;
  for (int64_t i = 0; const char *name = ntk_error_name(i); ++i)
    names.append(name);
  nb::object type =
      errors.attr(status == NTK_UNSUPPORTED ? "Unsupported" : "Error");
  nb::object error =
      type(ntk_error_message(), "file"_a = ntk_error_file(),
           "node"_a = ntk_error_node(), "argument"_a = ntk_error_argument(),
           "names"_a = nb::tuple(names));
  PyErr_SetObject(type.ptr(), error.ptr());
  throw nb::python_error();
}

/// Calls `work`, which returns a status, without the GIL.
template <typename F> static void call(F &&work) {
  ntk_status status;
  {
    nb::gil_scoped_release release;
    status = work();
  }
  if (status != NTK_OK)
    raise(status);
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

static const char *const dtypeNames[] = {
    "bool",  "int8",   "uint8",   "int16",    "uint16",  "int32",  "uint32",
    "int64", "uint64", "float16", "bfloat16", "float32", "float64"};

/// The type of NumPy's that the conversions of ntk/_arrays.py leave.
static ntk_dtype dtypeOf(nb::dlpack::dtype type) {
  using Code = nb::dlpack::dtype_code;
  int log = type.bits == 8 ? 0 : type.bits == 16 ? 1 : type.bits == 32 ? 2 : 3;
  switch (static_cast<Code>(type.code)) {
  case Code::Bool:
    return NTK_BOOL;
  case Code::Int:
    return static_cast<ntk_dtype>(NTK_INT8 + 2 * log);
  case Code::UInt:
    return static_cast<ntk_dtype>(NTK_UINT8 + 2 * log);
  case Code::Bfloat:
    return NTK_BFLOAT16;
  case Code::Float:
    return type.bits == 16   ? NTK_FLOAT16
           : type.bits == 32 ? NTK_FLOAT32
                             : NTK_FLOAT64;
  default:
    throw nb::type_error("expected an array of numbers");
  }
}

namespace {
/// Arrays as the library takes them; they look at those of Python.
struct ArrayViews {
  std::vector<ntk_array> arrays;

  explicit ArrayViews(NamedArrays &&) = delete;
  explicit ArrayViews(const NamedArrays &given) {
    for (const auto &[name, array] : given)
      arrays.push_back({name.empty() ? nullptr : name.c_str(),
                        dtypeOf(array.dtype()),
                        static_cast<int32_t>(array.ndim()), array.shape_ptr(),
                        array.data()});
  }
  int64_t count() const { return static_cast<int64_t>(arrays.size()); }
};

struct KernelHandle {
  ntk_kernel *kernel = nullptr;

  KernelHandle() = default;
  KernelHandle(const KernelHandle &) = delete;
  ~KernelHandle() { ntk_kernel_destroy(kernel); }
};

struct ParametersHandle {
  ntk_parameters *parameters = nullptr;
  NamedArrays arrays; ///< that stay where they are

  ParametersHandle() = default;
  ParametersHandle(const ParametersHandle &) = delete;
  ~ParametersHandle() { ntk_parameters_destroy(parameters); }
};

struct OptionsHandle {
  ntk_options *options = ntk_options_create();

  OptionsHandle() = default;
  OptionsHandle(const OptionsHandle &) = delete;
  ~OptionsHandle() { ntk_options_destroy(options); }
};
} // namespace

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static KernelHandle *
createKernel(const std::string &name, std::optional<nb::bytes> source,
             const std::vector<std::pair<std::string, std::string>> &settings,
             const NamedArrays &inputs, std::optional<NamedArrays> parameters,
             bool partial) {
  OptionsHandle options;
  auto check = [](ntk_status status) {
    if (status != NTK_OK)
      raise(status);
  };
  for (const auto &[option, value] : settings)
    check(ntk_options_set(options.options, option.c_str(), value.c_str()));
  ArrayViews shared(inputs);
  for (const ntk_array &input : shared.arrays)
    check(ntk_options_set_input(options.options, &input));
  if (parameters) {
    ArrayViews views(*parameters);
    check(ntk_options_set_parameters(options.options, views.arrays.data(),
                                     views.count(), partial));
  }
  auto made = std::make_unique<KernelHandle>();
  call([&] {
    return source ? ntk_kernel_from_bytes(name.c_str(), source->data(),
                                          source->size(), options.options,
                                          &made->kernel)
                  : ntk_kernel_from_file(name.c_str(), options.options,
                                         &made->kernel);
  });
  return made.release();
}

static nb::list listTensors(const KernelHandle &self, ntk_list list) {
  nb::list result;
  ntk_tensor tensor;
  for (int64_t i = 0; ntk_kernel_tensor(self.kernel, list, i, &tensor); ++i) {
    nb::list shape;
    for (int32_t axis = 0; axis < tensor.rank; ++axis)
      shape.append(tensor.shape[axis]);
    result.append(
        nb::make_tuple(tensor.name, nb::tuple(shape), dtypeNames[tensor.dtype],
                       tensor.is_differentiated != 0, tensor.is_needed != 0));
  }
  return result;
}

static nb::list listMessages(const KernelHandle &self, bool isWarning) {
  nb::list result;
  for (int64_t i = 0;
       const char *line = ntk_kernel_message(self.kernel, isWarning, i); ++i)
    result.append(line);
  return result;
}

static nb::tuple getShape(const KernelHandle &self, int64_t n1, int64_t n2) {
  int64_t shape[NTK_MAX_RANK];
  int32_t rank = ntk_kernel_shape(self.kernel, n1, n2, shape);
  nb::list result;
  for (int32_t axis = 0; axis < rank; ++axis)
    result.append(shape[axis]);
  return nb::tuple(result);
}

static nb::object getPlan(const KernelHandle &self, int64_t n1, int64_t n2,
                          bool json) {
  char *text = nullptr;
  call([&] {
    return ntk_kernel_plan(self.kernel, n1, n2, json ? NTK_JSON : NTK_TABLE,
                           &text);
  });
  nb::object result = nb::steal(PyUnicode_DecodeUTF8(
      text, static_cast<Py_ssize_t>(strlen(text)), "replace"));
  ntk_text_destroy(text);
  return result;
}

static ParametersHandle *createParameters(const KernelHandle &self,
                                          NamedArrays arrays, bool partial,
                                          bool borrowed) {
  auto made = std::make_unique<ParametersHandle>();
  if (borrowed)
    made->arrays = std::move(arrays);
  ArrayViews views(borrowed ? made->arrays : arrays);
  int flags = (partial ? NTK_PARTIAL : 0) | (borrowed ? NTK_BORROWED : 0);
  call([&] {
    return ntk_parameters_create(self.kernel, views.arrays.data(),
                                 views.count(), flags, &made->parameters);
  });
  return made.release();
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

namespace {
/// Lets Python handle signals between tiles, a few times in a second, and says
/// how far it is.
struct SignalCheck {
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds period{50};
  Clock::time_point last = Clock::now();
  PyObject *progress = nullptr; ///< a function of tiles that are done, and all

  static int run(void *data, int64_t done, int64_t total) {
    auto &self = *static_cast<SignalCheck *>(data);
    if (Clock::now() - self.last < period)
      return 0;
    self.last = Clock::now();
    nb::gil_scoped_acquire acquire;
    if (int raised = PyErr_CheckSignals()) // waits in this thread
      return raised;
    if (!self.progress)
      return 0;
    PyObject *result =
        PyObject_CallFunction(self.progress, "LL", static_cast<long long>(done),
                              static_cast<long long>(total));
    Py_XDECREF(result);
    return result ? 0 : 1;
  }
};
} // namespace

static void runKernel(const KernelHandle &self, const NamedArrays &x1,
                      const std::optional<NamedArrays> &x2,
                      const ParametersHandle *parameters, const Output &out,
                      nb::object progress) {
  ArrayViews first(x1);
  std::optional<ArrayViews> second;
  SignalCheck signals;
  if (!progress.is_none())
    signals.progress = progress.ptr();
  ntk_call description{};
  description.x1 = first.arrays.data();
  description.x1_count = first.count();
  if (x2) {
    second.emplace(*x2);
    description.x2 = second->arrays.data();
    description.x2_count = second->count();
  }
  description.parameters = parameters ? parameters->parameters : nullptr;
  description.progress = SignalCheck::run;
  description.progress_data = &signals;
  ntk_status status;
  {
    nb::gil_scoped_release release;
    status = ntk_kernel_call(self.kernel, &description, out.data(),
                             static_cast<int64_t>(out.nbytes()));
  }
  if (status == NTK_STOPPED && PyErr_Occurred())
    throw nb::python_error();
  if (status != NTK_OK)
    raise(status);
}

NB_MODULE(_core, module) {
  // What lives at the end of the program is nobody's fault.
  nb::set_leak_warnings(false);
  nb::class_<ParametersHandle>(module, "Parameters");
  nb::class_<KernelHandle>(module, "Kernel")
      .def(nb::new_(&createKernel), "name"_a, "source"_a.none(), "options"_a,
           "inputs"_a, "params"_a.none(), "partial"_a)
      .def("call", &runKernel, "x1"_a, "x2"_a.none(), "params"_a.none(),
           "out"_a, "progress"_a.none())
      .def("set_parameters", &createParameters, "arrays"_a, "partial"_a,
           "borrowed"_a, nb::keep_alive<0, 1>())
      .def("compile",
           [](const KernelHandle &self, int64_t n1, int64_t n2) {
             call([&] { return ntk_kernel_compile(self.kernel, n1, n2); });
           })
      .def("plan", &getPlan, "n1"_a, "n2"_a, "json"_a)
      .def("write_source",
           [](const KernelHandle &self, const std::string &path, int64_t n1,
              int64_t n2, const std::string &kernels) {
             call([&] {
               return ntk_kernel_write_source(self.kernel, path.c_str(), n1, n2,
                                              kernels.c_str());
             });
           })
      .def("shape", &getShape)
      .def("messages", &listMessages)
      .def_prop_ro("parameters",
                   [](const KernelHandle &self) {
                     return listTensors(self, NTK_PARAMETERS);
                   })
      .def_prop_ro("inputs",
                   [](const KernelHandle &self) {
                     return listTensors(self, NTK_INPUTS);
                   })
      .def_prop_ro("outputs",
                   [](const KernelHandle &self) {
                     return listTensors(self, NTK_OUTPUTS);
                   })
      .def_prop_ro("dtype",
                   [](const KernelHandle &self) {
                     return dtypeNames[ntk_kernel_dtype(self.kernel)];
                   })
      .def_prop_ro("run_seconds", [](const KernelHandle &self) {
        return ntk_kernel_run_seconds(self.kernel);
      });
  module.def("version", &ntk_version);
  module.def("is_forked", [] { return ntk_is_forked() != 0; });
}
