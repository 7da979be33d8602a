#include "providers/opennebula/xml_rpc.h"

#include <gtest/gtest.h>

#include "providers/opennebula/template_text.h"

#include "tests/opennebula/recorded.h"

namespace slipway::opennebula {
namespace {

using namespace slipway::testing_support;

class RecordedExchange : public ::testing::TestWithParam<Recorded> {};

TEST_P(RecordedExchange, ItsCallIsWrittenAsItWasSent) {
  const ReadCall sent = read_call(GetParam().request);
  EXPECT_EQ(sent.method, GetParam().method);
  const Result<std::string> written = encode_call(sent.method, sent.parameters);
  ASSERT_TRUE(written.ok()) << describe(written.error());
  const ReadCall again = read_call(*written);
  EXPECT_EQ(again.method, sent.method);
  EXPECT_EQ(again.parameters, sent.parameters);
}

TEST_P(RecordedExchange, ItsAnswerIsReadWhole) {
  const Result<RpcAnswer> answer = decode_answer(GetParam().response);
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  if (GetParam().name.starts_with("fault-")) {
    EXPECT_LT(answer->fault_code, 0);
    EXPECT_FALSE(answer->fault_text.empty());
    return;
  }
  const std::vector<RpcValue>* reply = answer->value.as_array();
  ASSERT_TRUE(reply);
  ASSERT_TRUE((*reply)[0].as_bool());
  const bool success = *(*reply)[0].as_bool();
  EXPECT_EQ(reply->size(), success ? 3u : 5u);
  ASSERT_TRUE((*reply)[2].as_int());
  EXPECT_EQ(*(*reply)[2].as_int() == 0, success);
  if (!success) {
    EXPECT_TRUE((*reply)[1].as_string()->starts_with("[" + GetParam().method + "] ")) << *(*reply)[1].as_string();
  }
}

std::string test_name(const ::testing::TestParamInfo<Recorded>& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, RecordedExchange, ::testing::ValuesIn(all_recorded()), test_name);

TEST(XmlRpc, ReadsEveryTypeOfValue) {
  const Result<RpcAnswer> answer = decode_answer(
      "<?xml version=\"1.0\"?><methodResponse><params><param><value><array><data><value><boolean>0</boolean></value>"
      "<value>bare &amp; text</value><value><i8>-9223372036854775807</i8></value><value><nil/></value>"
      "<value><string><![CDATA[<A>]]></string></value></data></array></value></param></params></methodResponse>");
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  const std::vector<RpcValue>& items = *answer->value.as_array();
  EXPECT_FALSE(*items[0].as_bool());
  EXPECT_EQ(*items[1].as_string(), "bare & text");
  EXPECT_EQ(*items[2].as_int(), -9223372036854775807);
  EXPECT_TRUE(items[3].as_array()->empty());
  EXPECT_EQ(*items[4].as_string(), "<A>");
}

struct Broken {
  const char* name;
  std::string text;
};

class BrokenAnswer : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenAnswer, IsCorruptNotTaken) {
  const Result<RpcAnswer> answer = decode_answer(GetParam().text);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::corrupt);
}

std::string with_value(const std::string& value) {
  return "<methodResponse><params><param>" + value + "</param></params></methodResponse>";
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenAnswer,
    ::testing::Values(Broken{"Empty", ""}, Broken{"Html", "<html><body>404</body></html>"},
                      Broken{"CutShort", "<methodResponse><params><param><value><i4>1"},
                      Broken{"NoValue", "<methodResponse><params/></methodResponse>"},
                      Broken{"NoNumber", with_value("<value><i4>1x</i4></value>")},
                      Broken{"NumberTooLarge", with_value("<value><i8>99999999999999999999</i8></value>")},
                      Broken{"NoBoolean", with_value("<value><boolean>2</boolean></value>")},
                      Broken{"UnknownType", with_value("<value><dateTime.iso8601>x</dateTime.iso8601></value>")},
                      Broken{"OwnEntities", "<!DOCTYPE a [<!ENTITY b \"c\">]>" + with_value("<value>&b;</value>")}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(XmlRpc, AControlCharacterIsRefusedBeforeItIsSent) {
  const Result<std::string> call = encode_call("one.vm.rename", {1, std::string("a\x01")});
  ASSERT_FALSE(call.ok());
  EXPECT_EQ(call.error().kind, ErrorKind::bad_input);
}

TEST(TemplateText, WritesValuesThatTheTextFormCannot) {
  TemplateText text;
  text.set("NOTE", "ends in \\ and has \"quotes\", <tags> & more");
  text.add("NIC", {{"NETWORK_ID", "0"}, {"IP", "10.0.0.5"}});
  EXPECT_EQ(*text.write(),
            "<TEMPLATE><NOTE>ends in \\ and has \"quotes\", &lt;tags&gt; &amp; more</NOTE>"
            "<NIC><NETWORK_ID>0</NETWORK_ID><IP>10.0.0.5</IP></NIC></TEMPLATE>");
}

TEST(TemplateText, RefusesWhatTheServerCannotStore) {
  for (const auto& [name, value] : {std::pair<std::string, std::string>{"A", "x]]>y"},
                                    {"A", std::string("\x07")},
                                    {"a-b", "1"},
                                    {"1A", "1"},
                                    {"", "1"}}) {
    TemplateText text;
    text.set(name, value);
    EXPECT_FALSE(text.write().ok()) << name << " = " << value;
  }
}

TEST(TemplateText, KnowsObjectNames) {
  EXPECT_TRUE(is_object_name("workers-1"));
  for (const char* bad : {"", "a/b", "a b;", "x$y", "n\n"}) EXPECT_FALSE(is_object_name(bad)) << bad;
  EXPECT_FALSE(is_object_name(std::string(129, 'a')));
}

}  // namespace
}  // namespace slipway::opennebula
