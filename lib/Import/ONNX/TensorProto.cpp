// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the values of tensors. Nothing in a file is trusted: sizes are checked
// against the bytes there are before anything is allocated.

#include "TensorProto.h"
#include "Values.h"
#include "onnx/onnx.pb.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::Expected;
using llvm::StringRef;

std::optional<ElementKind> onnximport::elementKind(int32_t dataType) {
  using Proto = ::onnx::TensorProto;
  switch (dataType) {
  case Proto::FLOAT:
    return ElementKind::Float32;
  case Proto::DOUBLE:
    return ElementKind::Float64;
  case Proto::FLOAT16:
    return ElementKind::Float16;
  case Proto::BFLOAT16:
    return ElementKind::BFloat16;
  case Proto::BOOL:
    return ElementKind::Bool;
  case Proto::INT8:
    return ElementKind::Int8;
  case Proto::UINT8:
    return ElementKind::UInt8;
  case Proto::INT16:
    return ElementKind::Int16;
  case Proto::UINT16:
    return ElementKind::UInt16;
  case Proto::INT32:
    return ElementKind::Int32;
  case Proto::UINT32:
    return ElementKind::UInt32;
  case Proto::INT64:
    return ElementKind::Int64;
  case Proto::UINT64:
    return ElementKind::UInt64;
  default:
    return std::nullopt;
  }
}

/// Copies a repeated field of a protobuf message, of wider elements than the
/// tensor's or equal ones.
template <typename T, typename Field>
static llvm::Error copyElements(const Field &field,
                                llvm::MutableArrayRef<char> bytes) {
  size_t count = bytes.size() / sizeof(T);
  if (static_cast<size_t>(field.size()) != count)
    return llvm::createStringError(
        "expected " + llvm::Twine(count) + " values, but got " +
        llvm::Twine(static_cast<size_t>(field.size())));
  auto *next = reinterpret_cast<T *>(bytes.data());
  for (auto value : field)
    *next++ = static_cast<T>(value);
  return llvm::Error::success();
}

static llvm::Error copyTyped(const ::onnx::TensorProto &proto, ElementKind kind,
                             llvm::MutableArrayRef<char> bytes) {
  switch (kind) {
  case ElementKind::Float32:
    return copyElements<float>(proto.float_data(), bytes);
  case ElementKind::Float64:
    return copyElements<double>(proto.double_data(), bytes);
  case ElementKind::Int64:
    return copyElements<int64_t>(proto.int64_data(), bytes);
  case ElementKind::UInt64:
    return copyElements<uint64_t>(proto.uint64_data(), bytes);
  case ElementKind::UInt32:
    return copyElements<uint32_t>(proto.uint64_data(), bytes);
  case ElementKind::Int32:
    return copyElements<int32_t>(proto.int32_data(), bytes);
  case ElementKind::Float16:
  case ElementKind::BFloat16:
  case ElementKind::Int16:
  case ElementKind::UInt16:
    return copyElements<uint16_t>(proto.int32_data(), bytes);
  case ElementKind::Bool:
  case ElementKind::Int8:
  case ElementKind::UInt8:
    return copyElements<uint8_t>(proto.int32_data(), bytes);
  }
  llvm_unreachable("all element kinds are above");
}

/// The bytes of a tensor inside the message.
static Expected<Array> readInline(const ::onnx::TensorProto &proto,
                                  ElementKind kind, ArrayRef<int64_t> shape) {
  int64_t size = *byteSizeOf(kind, shape);
  if (proto.has_raw_data() &&
      static_cast<int64_t>(proto.raw_data().size()) != size) {
    return llvm::createStringError("expected " + llvm::Twine(size) +
                                   " bytes for " + describe(kind, shape) +
                                   ", but got " +
                                   llvm::Twine(proto.raw_data().size()));
  }
  // Each value takes a byte or more of the message.
  if (!proto.has_raw_data() &&
      size / byteWidth(kind) > static_cast<int64_t>(proto.ByteSizeLong()))
    return llvm::createStringError("expected values for " +
                                   describe(kind, shape) + ", but got too few");
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> array = Array::allocate(kind, shape, bytes);
  if (!array)
    return array;
  if (proto.has_raw_data())
    llvm::copy(proto.raw_data(), bytes.begin());
  else if (llvm::Error error = copyTyped(proto, kind, bytes))
    return std::move(error);
  return array;
}

Expected<Array> TensorReader::readExternal(const ::onnx::TensorProto &proto,
                                           ElementKind kind,
                                           ArrayRef<int64_t> shape) {
  std::string location;
  uint64_t size = *byteSizeOf(kind, shape), offset = 0, length = size;
  bool bad = false;
  llvm::StringSet<> keys;
  for (const auto &entry : proto.external_data()) {
    bad |= !keys.insert(entry.key()).second;
    if (entry.key() == "location")
      location = entry.value();
    else if (entry.key() == "offset")
      bad |= StringRef(entry.value()).getAsInteger(10, offset);
    else if (entry.key() == "length")
      bad |= StringRef(entry.value()).getAsInteger(10, length);
  }
  if (bad || length != size) {
    return llvm::createStringError("expected an offset and a length of " +
                                   llvm::Twine(size) + " bytes for " +
                                   describe(kind, shape) +
                                   ", each once, in the description of "
                                   "external data");
  }
  return data.read(location, offset, kind, shape);
}

/// A tensor has its values in one place.
static llvm::Error checkPlaces(const ::onnx::TensorProto &proto) {
  bool isExternal = proto.data_location() == ::onnx::TensorProto::EXTERNAL;
  std::pair<bool, StringRef> places[] = {
      {proto.has_raw_data() && !(isExternal && proto.raw_data().empty()),
       "raw_data"},
      {proto.float_data_size(), "float_data"},
      {proto.int32_data_size(), "int32_data"},
      {proto.int64_data_size(), "int64_data"},
      {proto.double_data_size(), "double_data"},
      {proto.uint64_data_size(), "uint64_data"},
      {proto.string_data_size(), "string_data"},
      {isExternal || proto.external_data_size(), "external_data"}};
  StringRef first;
  for (auto [hasValues, name] : places) {
    if (!hasValues)
      continue;
    if (!first.empty())
      return llvm::createStringError("expected values in one place, but got " +
                                     first + " and " + name);
    first = name;
  }
  if (proto.has_segment())
    return llvm::createStringError("expected the whole tensor, but got a "
                                   "segment of it");
  return llvm::Error::success();
}

Expected<NamedTensor> TensorReader::read(const ::onnx::TensorProto &proto) {
  auto fail = [&](llvm::Error error) {
    return llvm::createStringError("tensor '" + proto.name() +
                                   "': " + llvm::toString(std::move(error)));
  };
  std::optional<ElementKind> kind = elementKind(proto.data_type());
  if (proto.data_type() == ::onnx::TensorProto::COMPLEX64 ||
      proto.data_type() == ::onnx::TensorProto::COMPLEX128)
    return fail(llvm::createStringError(
        "expected real numbers, but got complex ones, on which ONNX has no "
        "arithmetic; export their real and imaginary parts as pairs along a "
        "last axis, as the operator DFT has them"));
  if (!kind)
    return fail(llvm::createStringError(
        "expected numbers or booleans, but got element type " +
        llvm::Twine(proto.data_type()) + " of TensorProto.DataType"));
  llvm::SmallVector<int64_t> shape(proto.dims().begin(), proto.dims().end());
  if (!product(shape))
    return fail(llvm::createStringError("expected sizes that fit memory, but "
                                        "got " +
                                        describe(*kind, shape)));
  if (llvm::Error error = checkPlaces(proto))
    return fail(std::move(error));
  bool isExternal = proto.data_location() == ::onnx::TensorProto::EXTERNAL;
  Expected<Array> values = isExternal ? readExternal(proto, *kind, shape)
                                      : readInline(proto, *kind, shape);
  if (!values)
    return fail(values.takeError());
  return NamedTensor{proto.name(), std::move(*values), /*isConstant=*/false,
                     std::nullopt};
}
