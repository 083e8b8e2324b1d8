// Json: a JSON value, to be printed or as it was read, and a reader that hands over a text piece by piece.
// The JSON library behind them is seen by json.cpp alone. Not for users of tinynn.
#pragma once

#include <concepts>
#include <cstdint>
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
  /// In one line, or indented by so many spaces. Throws JsonError if a string is not UTF-8.
  std::string text() const;
  std::string text(int indent) const;

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

/// Receives the parts of a text in their order. An object is start_object, then key and value for each
/// member, then end_object; an array likewise.
class JsonHandler {
 public:
  virtual ~JsonHandler() = default;
  virtual void null() = 0;
  virtual void boolean(bool value) = 0;
  virtual void negative(int64_t value) = 0;
  virtual void whole(uint64_t value) = 0;
  virtual void fraction(const std::string& text) = 0;
  virtual void string(std::string value) = 0;
  virtual void start_object() = 0;
  virtual void key(std::string name) = 0;
  virtual void end_object() = 0;
  virtual void start_array() = 0;
  virtual void end_array() = 0;
  /// The text is not JSON; the last call.
  virtual void syntax_error(const std::string& reason) = 0;
};

/// Reads the text up to its end, or to where the handler throws.
void read_json(std::string_view text, JsonHandler& handler);

}  // namespace tinynn::io
