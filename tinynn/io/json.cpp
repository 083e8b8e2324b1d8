#include <nlohmann/json.hpp>

#include <tinynn/io/json.hpp>

namespace tinynn::io {

struct Json::Body {
  nlohmann::ordered_json value;
};

namespace {

using Value = nlohmann::ordered_json;

// What the JSON library throws, as JsonError.
template <class F>
auto translated(F&& f) {
  try {
    return f();
  } catch (const Value::exception& error) {
    throw JsonError(error.what());
  }
}

class Events final : public nlohmann::json_sax<Value> {
 public:
  explicit Events(const std::function<void(JsonPart)>& receive) : receive_(receive) {}

  bool null() override { return part('?', "null"); }
  bool boolean(bool value) override { return part('?', value ? "true" : "false"); }
  bool number_integer(int64_t value) override { return part('?', std::to_string(value)); }
  bool number_unsigned(uint64_t value) override { return part('n', std::to_string(value), value); }
  bool number_float(double, const std::string& text) override {
    std::string number = text;  // with the decimal point of C's locale, which strtod wanted
    for (char& c : number) c = std::string_view("0123456789+-eE").find(c) == std::string_view::npos ? '.' : c;
    return part('?', std::move(number));
  }
  bool string(std::string& value) override { return part('s', std::move(value)); }
  bool binary(Value::binary_t&) override { return false; }  // no text holds any
  bool start_object(size_t) override { return part('{', "an object"); }
  bool key(std::string& name) override { return part('k', std::move(name)); }
  bool end_object() override { return part('}'); }
  bool start_array(size_t) override { return part('[', "a list"); }
  bool end_array() override { return part(']'); }
  bool parse_error(size_t, const std::string&, const Value::exception& error) override {
    return part('!', error.what()), false;
  }

 private:
  bool part(char kind, std::string text = {}, uint64_t number = 0) const {
    return receive_({kind, std::move(text), number}), true;
  }

  const std::function<void(JsonPart)>& receive_;
};

}  // namespace

Json::Json() : Json(std::make_unique<Body>()) {}
Json::Json(std::unique_ptr<Body> body) : body_(std::move(body)) {}
Json::Json(bool value) : Json() { body_->value = value; }
Json::Json(double value) : Json() { body_->value = value; }
Json::Json(int64_t value) : Json() { body_->value = value; }
Json::Json(uint64_t value) : Json() { body_->value = value; }
Json::Json(std::string_view text) : Json() { body_->value = text; }
Json::Json(std::initializer_list<std::pair<const char*, Json>> members) : Json(object()) {
  for (const auto& [name, value] : members) set(name, value);
}
Json::Json(const Json& other) : Json(std::make_unique<Body>(*other.body_)) {}
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(Json other) noexcept {
  body_ = std::move(other.body_);
  return *this;
}
Json::~Json() = default;

Json Json::object() { return Json(std::make_unique<Body>(Body{Value::object()})); }
Json Json::array() { return Json(std::make_unique<Body>(Body{Value::array()})); }

void Json::set(const std::string& name, const Json& value) { body_->value[name] = value.body_->value; }
void Json::push_back(const Json& value) { body_->value.push_back(value.body_->value); }
int64_t Json::size() const { return static_cast<int64_t>(body_->value.size()); }
std::string Json::text(int indent) const {
  return translated([&] { return body_->value.dump(indent); });
}

Json Json::parse(std::string_view text, int deepest) {
  return translated([&] {
    const auto shallow = [&](int depth, auto, auto&) {
      if (depth > deepest) throw JsonError("nested more than " + std::to_string(deepest) + " deep");
      return true;
    };
    return Json(std::make_unique<Body>(Body{Value::parse(text, shallow)}));
  });
}

bool Json::contains(const std::string& name) const { return body_->value.contains(name); }
Json Json::at(const std::string& name) const {
  return translated([&] { return Json(std::make_unique<Body>(Body{body_->value.at(name)})); });
}
std::vector<Json> Json::elements() const {
  std::vector<Json> result;
  for (const Value& element : body_->value) result.push_back(Json(std::make_unique<Body>(Body{element})));
  return result;
}
std::string Json::string() const {
  return translated([&] { return body_->value.get<std::string>(); });
}
bool Json::boolean() const {
  return translated([&] { return body_->value.get<bool>(); });
}
double Json::number() const {
  return translated([&] { return body_->value.get<double>(); });
}
int64_t Json::whole() const {
  return translated([&] { return body_->value.get<int64_t>(); });
}
bool Json::is_whole() const { return body_->value.is_number_integer(); }
const char* Json::type_name() const { return body_->value.type_name(); }

void read_json(std::string_view text, const std::function<void(JsonPart)>& receive) {
  Events events(receive);
  Value::sax_parse(text, &events);
}

}  // namespace tinynn::io
