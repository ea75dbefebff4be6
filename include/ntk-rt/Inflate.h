// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inflate: the decompression of deflate (RFC 1951), which np.savez_compressed
// writes. A stream is blocks; a block is stored bytes, or symbols in two
// Huffman codes: one of bytes and lengths, one of distances back to what is
// repeated. The size of the result is known beforehand, so that it is its own
// window.

#ifndef NTK_RT_INFLATE_H
#define NTK_RT_INFLATE_H

#include <cstdint>
#include <cstring>

namespace ntk {
namespace rt {
namespace detail {

/// Bits of a byte stream, the lowest first. Behind its end there are zeros.
class BitReader {
public:
  BitReader(const unsigned char *bytes, int64_t size)
      : next(bytes), end(bytes + size) {}

  /// The next `n` <= 24 bits, which stay.
  uint32_t peek(int n) {
    while (held < n) {
      if (next < end)
        bits |= static_cast<uint64_t>(*next++) << held;
      else
        missing += 8;
      held += 8;
    }
    return static_cast<uint32_t>(bits & ((uint64_t(1) << n) - 1));
  }
  void drop(int n) {
    bits >>= n;
    held -= n;
  }
  uint32_t take(int n) {
    const uint32_t value = peek(n);
    drop(n);
    return value;
  }
  /// Whether bits were taken that the stream does not have.
  bool overrun() const { return missing > held; }

  /// Goes to the next whole byte and takes `size` bytes from there.
  bool takeBytes(unsigned char *to, int64_t size) {
    drop(held % 8);
    for (; size > 0 && held > 0; --size)
      *to++ = static_cast<unsigned char>(take(8));
    if (overrun() || end - next < size)
      return false;
    std::memcpy(to, next, static_cast<size_t>(size));
    next += size;
    return true;
  }

private:
  const unsigned char *next, *end;
  uint64_t bits = 0;
  int held = 0;        // bits in `bits`
  int64_t missing = 0; // of them, those from behind the end
};

/// A Huffman code: for the next `longest` bits of the stream the symbol that
/// they begin with.
class HuffmanCode {
public:
  /// The code with these lengths of its symbols, 0 for none (RFC 1951, 3.2.2).
  /// False if there are more symbols than such lengths allow.
  bool build(const unsigned char *lengths, int symbols) {
    int count[16] = {};
    for (int symbol = 0; symbol < symbols; ++symbol)
      ++count[lengths[symbol]];
    count[0] = 0;
    uint32_t code[16] = {}; // the next of each length
    longest = 1;
    for (int length = 1; length < 16; ++length) {
      code[length] =
          (code[length - 1] + static_cast<uint32_t>(count[length - 1])) << 1;
      if (code[length] + static_cast<uint32_t>(count[length]) > uint32_t(1)
                                                                    << length)
        return false;
      if (count[length])
        longest = length;
    }
    std::memset(table, 0, sizeof(table[0]) << longest);
    for (int symbol = 0; symbol < symbols; ++symbol)
      if (const int length = lengths[symbol])
        enter(code[length]++, length, symbol);
    return true;
  }

  /// Takes a symbol; -1 if the bits are none.
  int take(BitReader &in) const {
    const uint32_t entry = table[in.peek(longest)];
    in.drop(static_cast<int>(entry & 15));
    return entry ? static_cast<int>(entry >> 4) : -1;
  }

private:
  /// The stream has a code's highest bit first: all entries whose low bits are
  /// the code in reverse are its symbol's.
  void enter(uint32_t code, int length, int symbol) {
    uint32_t reversed = 0;
    for (int bit = 0; bit < length; ++bit)
      reversed |= (code >> bit & 1) << (length - 1 - bit);
    for (uint32_t i = reversed; i < uint32_t(1) << longest;
         i += uint32_t(1) << length)
      table[i] = static_cast<uint16_t>(symbol << 4 | length);
  }

  int longest = 1;
  uint16_t table[1 << 15]; // symbol << 4 | length, 0 for none
};

/// Decompresses one stream. Half a megabyte: not for the stack of a thread with
/// little of it.
class Inflate {
public:
  Inflate(const unsigned char *from, int64_t fromSize, unsigned char *to,
          int64_t toSize)
      : in(from, fromSize), begin(to), out(to), end(to + toSize) {}

  /// False if the stream is corrupt, or does not have exactly that size.
  bool run() {
    for (bool last = false; !last;) {
      last = in.take(1);
      const uint32_t kind = in.take(2);
      const bool done = kind == 0   ? copyStored()
                        : kind == 1 ? buildFixed() && decode()
                        : kind == 2 ? buildDynamic() && decode()
                                    : false;
      if (!done || in.overrun())
        return false;
    }
    return out == end;
  }

  /// Decompresses the beginning of a stream, as far as there is room for it.
  /// False if the stream is corrupt before, or shorter.
  bool fill() {
    run();
    return out == end && !in.overrun();
  }

private:
  bool copyStored() {
    unsigned char header[4]; // the size, and its complement
    if (!in.takeBytes(header, 4))
      return false;
    const int size = header[0] | header[1] << 8;
    const int64_t fits = size < end - out ? size : end - out;
    if ((header[2] | header[3] << 8) != (size ^ 0xffff) ||
        !in.takeBytes(out, fits))
      return false;
    out += fits;
    return fits == size;
  }

  bool buildFixed() {
    unsigned char lengths[288 + 30];
    std::memset(lengths, 8, 144);
    std::memset(lengths + 144, 9, 256 - 144);
    std::memset(lengths + 256, 7, 280 - 256);
    std::memset(lengths + 280, 8, 288 - 280);
    std::memset(lengths + 288, 5, 30);
    return literals.build(lengths, 288) && distances.build(lengths + 288, 30);
  }

  /// The lengths of both codes, one after the other, come in a third code, with
  /// symbols for repetition.
  bool buildDynamic() {
    static constexpr unsigned char order[19] = {
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    const int literalCount = static_cast<int>(in.take(5)) + 257;
    const int distanceCount = static_cast<int>(in.take(5)) + 1;
    const int orderCount = static_cast<int>(in.take(4)) + 4;
    const int count = literalCount + distanceCount;
    unsigned char lengths[320] = {};
    for (int i = 0; i < orderCount; ++i)
      lengths[order[i]] = static_cast<unsigned char>(in.take(3));
    if (!literals.build(lengths, 19))
      return false;
    for (int i = 0; i < count;) {
      const int symbol = literals.take(in);
      if (symbol < 0 || in.overrun() || (symbol == 16 && i == 0))
        return false;
      unsigned char length = 0;
      int times = 1;
      if (symbol < 16)
        length = static_cast<unsigned char>(symbol);
      else if (symbol == 16)
        length = lengths[i - 1], times = 3 + static_cast<int>(in.take(2));
      else if (symbol == 17)
        times = 3 + static_cast<int>(in.take(3));
      else
        times = 11 + static_cast<int>(in.take(7));
      if (times > count - i)
        return false;
      std::memset(lengths + i, length, static_cast<size_t>(times));
      i += times;
    }
    return literals.build(lengths, literalCount) &&
           distances.build(lengths + literalCount, distanceCount);
  }

  /// Symbols up to the end of the block.
  bool decode() {
    static constexpr uint16_t lengthBase[29] = {
        3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
        31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static constexpr unsigned char lengthBits[29] = {
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
        2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static constexpr uint16_t distanceBase[30] = {
        1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
        33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
        1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    while (true) {
      int symbol = literals.take(in);
      if (symbol < 0 || in.overrun())
        return false;
      if (symbol == 256)
        return true;
      if (symbol < 256) {
        if (out == end)
          return false;
        *out++ = static_cast<unsigned char>(symbol);
        continue;
      }
      symbol -= 257;
      if (symbol >= 29)
        return false;
      const int64_t length = lengthBase[symbol] +
                             static_cast<int64_t>(in.take(lengthBits[symbol]));
      const int code = distances.take(in);
      if (code < 0 || code >= 30)
        return false;
      const int64_t distance =
          distanceBase[code] +
          static_cast<int64_t>(in.take(code < 2 ? 0 : code / 2 - 1));
      if (distance > out - begin)
        return false;
      const int64_t fits = length < end - out ? length : end - out;
      for (int64_t i = 0; i < fits; ++i) // the two may overlap
        out[i] = out[i - distance];
      out += fits;
      if (fits < length)
        return false;
    }
  }

  BitReader in;
  unsigned char *begin, *out, *end;
  HuffmanCode literals, distances;
};

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_INFLATE_H
