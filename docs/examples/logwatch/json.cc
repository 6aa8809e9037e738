#include "docs/examples/logwatch/json.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace logwatch {
namespace {

uint8_t ByteAt(absl::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

// The range of the second byte that a first byte allows. It excludes longer forms than needed, surrogates, and what is
// beyond U+10FFFF (The Unicode Standard, table 3-7).
bool AllowsSecond(uint8_t first, uint8_t second) {
  switch (first) {
    case 0xe0:
      return 0xa0 <= second && second <= 0xbf;
    case 0xed:
      return 0x80 <= second && second <= 0x9f;
    case 0xf0:
      return 0x90 <= second && second <= 0xbf;
    case 0xf4:
      return 0x80 <= second && second <= 0x8f;
    default:
      return 0x80 <= second && second <= 0xbf;
  }
}

// The length of the character of several bytes at the front of `bytes`; 0 if there is none.
size_t MultibyteLength(absl::string_view bytes) {
  const uint8_t first = ByteAt(bytes, 0);
  const size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0 || bytes.size() < length || !AllowsSecond(first, ByteAt(bytes, 1))) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((ByteAt(bytes, i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

void AppendAscii(char c, std::string& json) {
  if (c == '"' || c == '\\') {
    json.push_back('\\');
    json.push_back(c);
  } else if (static_cast<uint8_t>(c) < 0x20) {
    absl::StrAppendFormat(&json, "\\u%04x", c);
  } else {
    json.push_back(c);
  }
}

}  // namespace

std::string JsonString(absl::string_view bytes) {
  std::string json;
  json.reserve(bytes.size() + 2);
  json.push_back('"');
  while (!bytes.empty()) {
    size_t length = 1;
    if (ByteAt(bytes, 0) < 0x80) {
      AppendAscii(bytes[0], json);
    } else if (const size_t multibyte = MultibyteLength(bytes); multibyte > 0) {
      length = multibyte;
      absl::StrAppend(&json, bytes.substr(0, length));
    } else {
      absl::StrAppend(&json, "\\ufffd");
    }
    bytes.remove_prefix(length);
  }
  json.push_back('"');
  return json;
}

}  // namespace logwatch
