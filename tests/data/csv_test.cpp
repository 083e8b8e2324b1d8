#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <tinynn/data/csv.hpp>
#include <tinynn/data/open.hpp>

#include "tests/data/fixtures.hpp"

using namespace tinynn;
using namespace tinynn::data;
using namespace fixtures;

namespace {

fs::path put(const TemporaryFolder& folder, const std::string& text, const std::string& name = "a.csv") {
  write_file(folder / name, {text.begin(), text.end()});
  return folder / name;
}

std::string csv_error(const TemporaryFolder& folder, const std::string& text,
                      const OpenOptions& options = {}) {
  const fs::path path = put(folder, text);
  const std::string message = error_of([&] { data::open(path, options); });
  return message.starts_with(path.string()) ? message.substr(path.string().size()) : message;
}

std::vector<int64_t> labels_of(const Dataset& dataset) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < dataset.size(); ++i) labels.push_back(sample(dataset, i).second);
  return labels;
}

// Inputs of both parts of a row's first number, in units of before.
std::vector<double> inputs_of(const Opened& opened, int64_t column = 0) {
  std::vector<double> numbers;
  for (const auto& part : {opened.train, opened.test}) {
    for (int64_t i = 0; i < part->size(); ++i) {
      const double number = sample(*part, i).first[column];
      numbers.push_back(
          std::round((number * opened.scaling.std[column] + opened.scaling.mean[column]) * 1000) / 1000);
    }
  }
  std::ranges::sort(numbers);
  return numbers;
}

const std::string flowers = "5.1,3.5,setosa\n4.9,3.0,setosa\n7.0,3.2,versicolor\n6.4,3.2,versicolor\n";

}  // namespace

TEST_CASE("data. csv is read whatever its cells are separated by") {
  const TemporaryFolder folder;
  for (const char* text :
       {"a,b,kind\n1,2,x\n3,4,y\n", "a;b;kind\r\n1;2;x\r\n\r\n3;4;y", "a\tb\tkind\n1\t2\tx\n3\t4\ty\n",
        "\xEF\xBB\xBF\"a\",\"b\",\"kind\"\n \"1\" , +2 ,\"x\"\n3.0,4e0,y\n\n  \n"}) {
    CAPTURE(text);
    const CsvTable table(put(folder, text));
    CHECK(table.header() == std::vector<std::string>{"a", "b", "kind"});
    CHECK(table.rows() == 2);
    CHECK(table.numbers()[0] == 1);
    CHECK(table.numbers()[4] == 4);
    CHECK_FALSE(table.is_numeric(2));
    CHECK(table.texts(2) == std::vector<std::string>{"x", "y"});
  }
  const CsvTable quoted(put(folder, "1,\"say \"\"yes\"\", or\nno\"\n2,b\n"));
  CHECK(quoted.header().empty());
  CHECK(quoted.texts(1)[0] == "say \"yes\", or\nno");
  CHECK(quoted.line_of(1) == 3);
}

TEST_CASE("data. csv packed with gzip is the same") {
  const TemporaryFolder folder;
  write_gz(folder / "a.csv.gz", {flowers.begin(), flowers.end()});
  CHECK(inputs_of(data::open(folder / "a.csv.gz")) == std::vector{4.9, 5.1, 6.4, 7.0});
}

TEST_CASE("data. a csv row of another length is refused with its line") {
  const TemporaryFolder folder;
  CHECK(csv_error(folder, "a,b,c\n1,2,x\n\n1,2\n") == ", line 4: 2 cells, expected 3, as in line 1");
  CHECK(csv_error(folder, "1,2,x\n1,2,x,4\n") == ", line 2: 4 cells, expected 3, as in line 1");
  CHECK(csv_error(folder, "1,2,\"x\n3,4,y\n") == ", line 1: a quotation mark is not closed");
  CHECK(csv_error(folder, "1,2,\"x\"y\n") == ", line 1: text behind the quotation mark that ends a cell");
  CHECK(csv_error(folder, "") == ": an empty file, expected rows of numbers");
  CHECK(csv_error(folder, "a,b,label\n1,?,x\n2,5,y\n1,2,x\n") ==
        ", line 2: column \"b\" is \"?\", expected a number");
  CHECK(csv_error(folder, "a,b,label\n1,2,x\n2,,y\n1,2,x\n") ==
        ", line 3: column \"b\" is empty, expected a number");
  CHECK(csv_error(folder, "a,b,label\n1,2,x\n2,2,\n1,2,x\n") == ", line 3: the label is empty");
  CHECK(csv_error(folder, "a,b,label\n1,1e99,x\n2,2,x\n1,2,x\n") ==
        ", line 2: column \"b\" is \"1e99\", expected a number");
}

TEST_CASE("data. the label's column is found by its name, its words or its numbers, or named") {
  const TemporaryFolder folder;
  const auto inputs = [&](const std::string& text, const std::string& label = "") {
    return inputs_of(data::open(put(folder, text), {.test_fraction = 0.5, .label = label}));
  };
  const std::vector<double> numbers{10, 20, 30, 40};
  CHECK(inputs("Label,a\n0,10\n1,20\n0,30\n1,40\n") == numbers);
  CHECK(inputs("a,class\n10,0\n20,1\n30,0\n40,1\n") == numbers);
  CHECK(inputs("x,10\ny,20\nx,30\ny,40\n") == numbers);
  CHECK(inputs("10,x\n20,y\n30,x\n40,y\n") == numbers);
  CHECK(inputs("0,10\n1,20\n0,30\n1,40\n") == numbers);  // as MNIST often is
  CHECK(inputs("10,1\n20,2\n30,1\n40,2\n") == numbers);
  CHECK(inputs("a,b,c\n10,0,0\n20,1,1\n30,0,1\n40,1,0\n", "b") == numbers);
  CHECK(inputs("10,0,0\n20,1,1\n30,0,1\n40,1,0\n", "last") == numbers);
  CHECK(inputs("0,10,0\n1,20,1\n0,30,1\n1,40,0\n", "first") == numbers);
  CHECK(csv_error(folder, "0,10,0\n1,20,1\n0,30,1\n1,40,0\n")
            .starts_with(": which column has the class is not clear; "
                         "expected the option label"));
  CHECK(csv_error(folder, "a,b\n10,0\n20,1\n", {.label = "c"}) ==
        ": no column \"c\", expected first, last or one of a, b");
  CHECK(csv_error(folder, "10,0\n20,1\n", {.label = "c"}) ==
        ": no column \"c\", for its first line is no header; expected first or last");
}

TEST_CASE("data. csv as pandas and spreadsheets write it is read") {
  const TemporaryFolder folder;
  // The numbers of the rows, without a name, are none of the inputs.
  const Opened pandas =
      data::open(put(folder, ",a,kind\n0,10,x\n3,20,y\n1,30,x\n2,40,y\n"), {.test_fraction = 0.5});
  CHECK(pandas.columns == std::vector<std::string>{"a"});
  CHECK(pandas.train->sample_shape() == Shape{1});
  CHECK(inputs_of(pandas) == std::vector<double>{10, 20, 30, 40});
  CHECK(data::open(put(folder, ",a,kind\n0.5,10,x\n3,20,y\n1,30,x\n2,40,y\n"), {.test_fraction = 0.5})
            .columns.size() == 2);
  // Decimal commas, where they separate no cells.
  const Opened commas =
      data::open(put(folder, "a;kind\n1,5;x\n-2,25;y\n3;x\n4.5;y\n"), {.test_fraction = 0.5});
  CHECK(inputs_of(commas) == std::vector{-2.25, 1.5, 3.0, 4.5});
  // A missing number makes no words of a column.
  CHECK(csv_error(folder, "alive,age,fare\n0,1,7\n1,2,\n0,3,8\n1,4,9\n") ==
        ", line 3: column \"fare\" is empty, expected a number");
}

TEST_CASE("data. csv classes are in the order of their words, or of their numbers") {
  const TemporaryFolder folder;
  CHECK(data::open(put(folder, flowers)).classes == std::vector<std::string>{"setosa", "versicolor"});
  const Opened opened = data::open(put(folder, "a,label\n1,10\n2,9\n3,10.0\n4,9\n5,-1\n6,-1\n"));
  CHECK(opened.classes == std::vector<std::string>{"-1", "9", "10"});
  CHECK(opened.train->classes() == 3);
  CHECK(opened.test->size() == 3);  // one of each
  CHECK(labels_of(*opened.test) == labels_of(*opened.train));
}

TEST_CASE("data. csv columns are scaled by the mean and std of the training part") {
  const TemporaryFolder folder;
  put(folder, "a,b,kind\n1,5,x\n3,5,y\n", "d/train.csv");
  put(folder, "a,b,kind\n5,6,y\n", "d/test.csv");
  const Opened opened = data::open(folder / "d");
  CHECK(opened.kind == "csv");
  CHECK(opened.scaling.mean == std::vector<double>{2, 5});
  CHECK(opened.scaling.std == std::vector<double>{1, 1});  // of what does not vary 1
  CHECK(opened.normalization.mean.empty());
  CHECK(opened.columns == std::vector<std::string>{"a", "b"});
  CHECK(sample(*opened.train, 0) == std::pair{std::vector<float>{-1, 0}, int64_t{0}});
  CHECK(sample(*opened.test, 0) == std::pair{std::vector<float>{3, 1}, int64_t{1}});
  const Opened again = data::open(folder / "d", {.normalization = Normalization{{0, 1}, {2, 1}}});
  CHECK(sample(*again.test, 0).first == std::vector<float>{2.5F, 5});
  CHECK(error_of([&] {
          data::open(folder / "d", {.normalization = Normalization{{0}, {2}}});
        }).ends_with("1 means to normalise by, expected 2 for samples of shape (2)"));
}

TEST_CASE("data. test.csv has to fit train.csv") {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& test) {
    put(folder, "a,kind\n1,x\n3,y\n", "d/train.csv");
    put(folder, test, "d/test.csv");
    return error_of([&] { data::open(folder / "d"); });
  };
  CHECK(error("5,y\n") == "no error");
  CHECK(error("a,kind\n5,y\n4,z\n")
            .ends_with("test.csv, line 3: label \"z\" is none of those in " +
                       (folder / "d/train.csv").string()));
  CHECK(error("a\n5\n").find("test.csv: 1 column, expected 2, as in") != std::string::npos);
  CHECK(error("kind,a\ny,5\n").find("test.csv: its header is not that of") != std::string::npos);
}

TEST_CASE("data. csv with a target has numbers to predict") {
  const TemporaryFolder folder;
  const fs::path path = put(folder, "rooms,price,size\n1,100,30\n2,200,60\n3,300,90\n4,400,120\n5,500,150\n");
  const Opened opened = data::open(path, {.target = "price"});
  CHECK(opened.classes.empty());
  CHECK(opened.train->target_shape() == Shape{1});
  CHECK(opened.train->size() == 4);
  CHECK(opened.test->size() == 1);
  CHECK(opened.columns == std::vector<std::string>{"rooms", "size"});
  for (int64_t i = 0; i < 4; ++i) {
    float target = 0;
    Generator generator(RandomStream(0, 0));
    opened.train->get_target(i, generator, &target);
    const double rooms = sample(*opened.train, i).first[0] * opened.scaling.std[0] + opened.scaling.mean[0];
    CHECK(target == doctest::Approx(100 * rooms));
  }
  CHECK(csv_error(folder, "a,price,name\n1,2,Bob\n2,3,Al\n", {.target = "price"}) ==
        ", line 2: column \"name\" is \"Bob\", expected a number");
  CHECK(csv_error(folder, "a,b\n1,2\n", {.label = "a", .target = "b"}) ==
        ": a label and a target are asked for, expected one of them");
}

TEST_CASE("data. csv of pixels with a shape is pictures") {
  const TemporaryFolder folder;
  const fs::path path = put(folder, "label,a,b,c,d\n1,0,255,7,8\n0,1,2,3,4\n1,0,0,0,0\n0,9,9,9,9\n");
  const Opened opened = data::open(path, {.shape = Shape{1, 2, 2}, .normalization = Normalization{{0}, {1}}});
  CHECK(opened.train->sample_shape() == Shape{1, 2, 2});
  CHECK(opened.scaling.mean.empty());
  CHECK(opened.normalization.std.size() == 1);
  CHECK(opened.train->size() == 2);
  // Of two sizes it is no picture, and keeps its numbers.
  const Opened rows =
      data::open(put(folder, "label,a,b,c,d\n1,0,2,0.5,1\n0,2,4,0.5,1\n1,0,2,0.5,1\n0,2,4,0.5,1\n"),
                 {.test_fraction = 0.5, .shape = Shape{2, 2}});
  CHECK(rows.train->sample_shape() == Shape{2, 2});
  CHECK(rows.scaling.mean == std::vector{2.0, 0.75});
  CHECK(csv_error(folder, "label,a,b\n0,1,2\n1,1,256\n", {.shape = Shape{1, 1, 2}}) ==
        ", line 3: column b is 256, expected a pixel, an integer from 0 to 255, for the shape (1, 1, 2)");
  CHECK(csv_error(folder, "label,a,b\n0,1,2\n1,1,2.5\n", {.shape = Shape{1, 1, 2}})
            .starts_with(", line 3: column b is 2.5"));
  CHECK(csv_error(folder, "label,a,b\n0,1,2\n1,1,2\n", {.shape = Shape{1, 1, 3}}) ==
        ": 2 columns of inputs, expected 3 for the shape (1, 1, 3)");
}
