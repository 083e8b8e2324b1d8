// Json: a JSON value, to be printed or as it was read, and a reader that hands over a text piece by piece.
// The JSON library behind them is seen by json.cpp alone. Not for users of tinynn.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tinynn/core/error.hpp>

namespace tinynn::io {

/// A text that is not JSON, or a value that is not of the type that was asked for, in the JSON library's
/// words.
class JsonError : public Error {
 public:
  using Error::Error;
};

class Json {
 public:
  Json();  // null
  Json(bool value);
  Json(double value);
  Json(int64_t value);
  Json(uint64_t value);
  Json(int value) : Json(int64_t{value}) {}
  Json(std::string_view text);
  Json(const char* text) : Json(std::string_view(text)) {}
  Json(const std::string& text) : Json(std::string_view(text)) {}
  template <class T>
  requires std::convertible_to<T, Json> Json(const std::vector<T>& values) : Json(array()) {
    for (const T& value : values) push_back(value);
  }
  /// An object; its members keep their order.
  Json(std::initializer_list<std::pair<const char*, Json>> members);
  Json(const Json& other);
  Json(Json&&) noexcept;
  Json& operator=(Json other) noexcept;
  ~Json();

  static Json object();
  static Json array();

  /// Adds or replaces a member of this object.
  void set(const std::string& name, const Json& value);
  /// Adds an element to this array.
  void push_back(const Json& value);
  /// Members of an object, elements of an array.
  int64_t size() const;
  /// Indented by so many spaces, or in one line. Throws JsonError if a string is not UTF-8.
  std::string text(int indent = -1) const;

  /// Throws JsonError for what is not JSON, or is nested deeper than `deepest`.
  static Json parse(std::string_view text, int deepest);
  bool contains(const std::string& name) const;
  /// Each of these throws JsonError where there is no such thing.
  Json at(const std::string& name) const;
  std::vector<Json> elements() const;
  std::string string() const;
  bool boolean() const;
  double number() const;
  /// Of a value that is a whole number.
  int64_t whole() const;
  bool is_whole() const;
  const char* type_name() const;

 private:
  struct Body;
  explicit Json(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

/// A part of a JSON text. An object is '{', then 'k' (a key) and its value for each member, then '}'; an
/// array is '[', values and ']'. Values are 's' (a string), 'n' (a whole number from 0) and '?' (any other).
/// Where the text is not JSON, '!' is the last part.
struct JsonPart {
  char kind;
  std::string
      text;         // the key or string itself, the reason, or words for a message: "an object", "null", "-1"
  uint64_t number;  // of 'n'
};
/// Hands over the text part by part, up to its end or to where `receive` throws.
void read_json(std::string_view text, const std::function<void(JsonPart)>& receive);

}  // namespace tinynn::io
