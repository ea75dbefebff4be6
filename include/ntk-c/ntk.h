/* Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The compiler of neural tangent kernels as a library, libntk.so, in C.
 *
 * A kernel is compiled once from a model and then called with examples and
 * parameters any number of times. It is planned for the number of examples of
 * its first call, or 32 if these are fewer, and takes any other number without
 * being compiled again:
 *
 *     ntk_kernel *kernel;
 *     if (ntk_kernel_from_file("mlp.onnx", NULL, &kernel) != NTK_OK)
 *       return fputs(ntk_error_message(), stderr), 1;
 *     int64_t shape[] = {n, 784};
 *     ntk_array x = {NULL, NTK_FLOAT32, 2, shape, data};
 *     ntk_call call = {.x1 = &x, .x1_count = 1};
 *     ntk_kernel_call(kernel, &call, theta, theta_bytes);
 *     ntk_kernel_destroy(kernel);
 *
 * Every function that can fail returns a status; the text of the last error of
 * the calling thread is there until its next call that fails. Nothing is
 * printed, no signal handler is installed. All functions may be called from any
 * thread; a kernel does one thing at a time, and whoever comes second waits. In
 * a forked child kernels run on one thread, and to the same bits.
 *
 * Memory that is passed in is only read, and only until the function returns,
 * but where it says otherwise.
 */

#ifndef NTK_C_NTK_H
#define NTK_C_NTK_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define NTK_API __attribute__((visibility("default")))
#else
#define NTK_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ntk_status {
  NTK_OK = 0,
  NTK_INVALID = 1,     /* a model, an option or an array is not as expected */
  NTK_UNSUPPORTED = 2, /* the model is right, but has operators that the
                          compiler does not know: see ntk_error_name */
  NTK_STOPPED = 3      /* the progress function said so */
} ntk_status;

/* "0.1.0". */
NTK_API const char *ntk_version(void);

/*---------------------------------------------------------------------------
 * Errors of the calling thread. All strings are empty where they do not apply.
 */

/* One line: what was found, what was expected. Begins with the name of the
 * model's file, or of the argument, that it is about. */
NTK_API const char *ntk_error_message(void);
/* The model's file, or the name that its bytes were given. */
NTK_API const char *ntk_error_file(void);
/* The node of the model. */
NTK_API const char *ntk_error_node(void);
/* The option or argument: "axes", "x1", "params". */
NTK_API const char *ntk_error_argument(void);
/* With NTK_UNSUPPORTED, operators: the first for index 0; NULL behind the
 * last. */
NTK_API const char *ntk_error_name(int64_t index);

/*---------------------------------------------------------------------------
 * Arrays
 */

/* NumPy's names, but for bfloat16. Booleans are bytes, 0 or 1. */
typedef enum ntk_dtype {
  NTK_BOOL = 0,
  NTK_INT8,
  NTK_UINT8,
  NTK_INT16,
  NTK_UINT16,
  NTK_INT32,
  NTK_UINT32,
  NTK_INT64,
  NTK_UINT64,
  NTK_FLOAT16,
  NTK_BFLOAT16,
  NTK_FLOAT32,
  NTK_FLOAT64
} ntk_dtype;

/* An array in memory: dense, row-major, aligned to its elements. */
typedef struct ntk_array {
  const char *name; /* of the input or parameter; NULL for the only input */
  int32_t dtype;    /* an ntk_dtype */
  int32_t rank;
  const int64_t *shape; /* `rank` sizes */
  const void *data;
} ntk_array;

/*---------------------------------------------------------------------------
 * Options: those of ntk-run, by the same names and with the same values.
 */

typedef struct ntk_options ntk_options;

NTK_API ntk_options *ntk_options_create(void);
NTK_API void ntk_options_destroy(ntk_options *options); /* NULL is nothing */

/* Sets an option:
 *
 *   kernel           full, trace, diagonal, sum
 *   axes             "-1", "trace:-1,diagonal:0"
 *   outputs          globs over names of outputs, separated by commas
 *   wrt, frozen      globs over names of parameters
 *   method           auto, jacobian-contraction, ntk-vector-products,
 *                    structured
 *   dtype            f32, f64
 *   memory_limit     "4GiB"
 *   threads          "8"
 *   sizes            "length=128": sizes that the model leaves open
 *   whole_batch      true, false, or the number of examples in the batch
 *   accept_export, allow_nonfinite
 *                    true, false
 *
 * Lists grow with each call. A hyphen for an underscore is right, too. */
NTK_API ntk_status ntk_options_set(ntk_options *options, const char *name,
                                   const char *value);

/* The value of an input that all examples share; it is copied. */
NTK_API ntk_status ntk_options_set_input(ntk_options *options,
                                         const ntk_array *value);

/* Parameters and buffers by name, instead of those in the model, which decide
 * what an exporter's changes are undone by. They are copied. With `partial`,
 * those that are not given stay the model's. */
NTK_API ntk_status ntk_options_set_parameters(ntk_options *options,
                                              const ntk_array *arrays,
                                              int64_t count, int partial);

/*---------------------------------------------------------------------------
 * Kernels
 */

typedef struct ntk_kernel ntk_kernel;

/* Reads a model, an ONNX file or a network in MLIR, and checks what the options
 * (NULL: none) ask of it. Code is made by the first call, or by
 * ntk_kernel_compile. `*kernel` is NULL on an error. */
NTK_API ntk_status ntk_kernel_from_file(const char *path,
                                        const ntk_options *options,
                                        ntk_kernel **kernel);

/* The same of the bytes of an ONNX model or of MLIR text, under a name for
 * messages. */
NTK_API ntk_status ntk_kernel_from_bytes(const char *name, const void *bytes,
                                         size_t size,
                                         const ntk_options *options,
                                         ntk_kernel **kernel);

/* Nobody may be using it. Parameters that were made of it go first. */
NTK_API void ntk_kernel_destroy(ntk_kernel *kernel); /* NULL is nothing */

/* Plans and compiles for n1 and n2 examples (n2 = 0: x2 is x1), anew if it was
 * compiled for other numbers. */
NTK_API ntk_status ntk_kernel_compile(ntk_kernel *kernel, int64_t n1,
                                      int64_t n2);

typedef enum ntk_list {
  NTK_PARAMETERS, /* state of the model: parameters and buffers */
  NTK_INPUTS,     /* shapes are those of one example */
  NTK_OUTPUTS
} ntk_list;

typedef struct ntk_tensor {
  const char *name; /* empty for an output that has none */
  int32_t dtype;    /* an ntk_dtype */
  int32_t rank;
  const int64_t *shape;
  int32_t is_differentiated; /* the kernel is by this parameter */
  int32_t is_needed;         /* the model brings no value for it */
} ntk_tensor;

/* Number `index` of a list; 0 behind the last. Strings and shapes are there as
 * long as the kernel. */
NTK_API int ntk_kernel_tensor(const ntk_kernel *kernel, ntk_list list,
                              int64_t index, ntk_tensor *tensor);

/* Warnings (severity 1) and notes (0) about the model, a line each; NULL behind
 * the last. */
NTK_API const char *ntk_kernel_message(const ntk_kernel *kernel, int severity,
                                       int64_t index);

/* NTK_FLOAT32 or NTK_FLOAT64: the elements of the kernel. */
NTK_API ntk_dtype ntk_kernel_dtype(const ntk_kernel *kernel);

#define NTK_MAX_RANK 64

/* The shape of the array for n1 and n2 examples; its rank, at most
 * NTK_MAX_RANK. */
NTK_API int32_t ntk_kernel_shape(const ntk_kernel *kernel, int64_t n1,
                                 int64_t n2, int64_t shape[NTK_MAX_RANK]);

typedef enum ntk_format { NTK_TABLE, NTK_JSON } ntk_format;

/* The plan for n1 and n2 examples (n2 = 0: x2 is x1), as ntk-run --plan prints
 * it. The text goes back with ntk_text_destroy. */
NTK_API ntk_status ntk_kernel_plan(ntk_kernel *kernel, int64_t n1, int64_t n2,
                                   ntk_format format, char **text);
NTK_API void ntk_text_destroy(char *text);

/* Writes the kernel as C++17 to `path`, NET.cpp, with the header NET.h beside
 * it, planned for n1 and n2 examples as above. `backend` is the libraries that
 * it leans on: onednn, cblas or none; NULL is onednn. Both files appear when
 * they are whole. */
NTK_API ntk_status ntk_kernel_write_source(ntk_kernel *kernel, const char *path,
                                           int64_t n1, int64_t n2,
                                           const char *backend);

/*---------------------------------------------------------------------------
 * Parameters
 */

typedef struct ntk_parameters ntk_parameters;

#define NTK_PARTIAL 1 /* what is not given is as in the model */
#define NTK_BORROWED                                                           \
  2 /* arrays stay where they are until this is destroyed                      \
     */

/* Values for the parameters and buffers of a kernel, by name. Floats of another
 * width are converted. What the network does not use may be there, what it uses
 * must be. */
NTK_API ntk_status ntk_parameters_create(ntk_kernel *kernel,
                                         const ntk_array *arrays, int64_t count,
                                         int flags,
                                         ntk_parameters **parameters);
NTK_API void ntk_parameters_destroy(ntk_parameters *parameters);

/*---------------------------------------------------------------------------
 * Calls
 */

typedef struct ntk_call {
  const ntk_array *x1; /* an array for each input; examples lie along the first
                          axis */
  int64_t x1_count;
  const ntk_array *x2; /* NULL: x2 is x1 */
  int64_t x2_count;
  ntk_parameters *parameters; /* NULL: those of the model */
  /* Called after each tile, or NULL; in a forked child not on the calling
   * thread. It may not use the kernel. Other than 0: the call ends with
   * NTK_STOPPED. */
  int (*progress)(void *data, int64_t done, int64_t total);
  void *progress_data;
} ntk_call;

/* Computes the kernel into `theta`, of ntk_kernel_shape and ntk_kernel_dtype,
 * dense and row-major; `theta_bytes` have to be as many. On an error what it
 * holds is unspecified. */
NTK_API ntk_status ntk_kernel_call(ntk_kernel *kernel, const ntk_call *call,
                                   void *theta, int64_t theta_bytes);

/* Seconds that the last call of this kernel computed: without what it took to
 * check arrays, to pack parameters and to compile. */
NTK_API double ntk_kernel_run_seconds(const ntk_kernel *kernel);

/* Is this process a child that was forked when the library was in use? */
NTK_API int ntk_is_forked(void);

#ifdef __cplusplus
}
#endif

#endif /* NTK_C_NTK_H */
