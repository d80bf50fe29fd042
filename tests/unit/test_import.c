/* SPDX-License-Identifier: Apache-2.0 */
#include "config/import/import.h"

#include <errno.h>

#include "config/import/literal.h"
#include "expect.h"

#define THREE_E "\xc3\xa9\xc3\xa9\xc3\xa9"
#define NINE_E THREE_E THREE_E THREE_E
#define TEN_E NINE_E "\xc3\xa9"

struct sample {
        const char *format, *first, *second;
        const char *queries; /* as tell_set() writes them */
        const char *losses[8], *notes[4];
        const char *ignored; /* "name=number " of each */
};

/* "id|text|tag=value|record:grade …\n" of each query, of the set as it is read again. */
static void tell_set(const struct query_set *set, struct text *t)
{
        for (size_t i = 0; i < set->count; i++) {
                const struct query *q = &set->queries[i];

                text_appendf(t, "%s|%s|", q->id, q->text);
                for (size_t k = 0; k < q->tag_count; k++)
                        text_appendf(t, "%s=%s ", q->tags[k].key, q->tags[k].value);
                text_append(t, "|");
                for (size_t k = 0; k < q->expect.grade_count; k++)
                        text_appendf(
                                t, "%s:%u ", q->expect.grades[k].id, q->expect.grades[k].grade);
                text_append(t, "\n");
        }
}

static int read_sample(const struct sample *s, struct draft *d, struct error *e)
{
        const struct import_format *format = import_find(s->format);
        const struct import_file first = {"first", s->first, strlen(s->first)};
        const struct import_file second = {"second", s->second, s->second ? strlen(s->second) : 0};

        assert_non_null(format);
        assert_int_equal(draft_init(d), 0);
        return import_read(format, &first, &second, d, e);
}

static void check_sample(const struct sample *s)
{
        _cleanup_draft_ struct draft d = {0};
        _cleanup_error_ struct error e = {0};
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_(query_set_unrefp) struct query_set *set = NULL;
        _cleanup_text_ struct text yaml = {0}, told = {0}, ignored = {0};
        const char *name;
        json_t *number;

        if (read_sample(s, &d, &e) < 0)
                fail_msg("%s: %s", s->first, e.message);
        draft_yaml(&d, &yaml);
        assert_false(text_failed(&yaml));
        if (query_set_parse("set", yaml.data, yaml.size, &set, &errors) < 0)
                fail_msg("%s in:\n%s", errors.messages[0], yaml.data);
        tell_set(set, &told);
        assert_string_equal(text_string(&told), s->queries);
        assert_errors(&d.losses, s->losses, ARRAY_SIZE(s->losses), s->first);
        assert_errors(&d.notes, s->notes, ARRAY_SIZE(s->notes), s->first);
        json_object_foreach (d.ignored, name, number)
                text_appendf(&ignored, "%s=%d ", name, (int)json_integer_value(number));
        assert_string_equal(text_string(&ignored), s->ignored ? s->ignored : "");
}

static void check_samples(const struct sample *samples, size_t count)
{
        for (size_t i = 0; i < count; i++)
                check_sample(&samples[i]);
}

static void tables(void **state)
{
        static const struct sample samples[] = {
                {.format = "csv",
                        .first = "query,docid,rating\nhooks?,a,3\nhooks?,b,0\nclasses?,c,10\n",
                        .queries = "hooks|hooks?||a:3 b:0 \nclasses|classes?||c:10 \n"},
                /* Headings in another order, other words, a mark of Windows; no grade is relevant.
                 */
                {.format = "csv",
                        .first = "\xef\xbb\xbf"
                                 "Doc ID;Query Text;Note\r\na;\"x;y?\";n\r\nb;\"x;y?\";\r\n",
                        .queries = "x-y|x;y?||a:1 b:1 \n",
                        .ignored = "Note=1 "},
                {.format = "csv",
                        .first = "query_id\tquery\tdoc_id\tgrade\n7\tone\ta\t2.0\n8\tone\tb\t 1 \n",
                        .queries = "7|one||a:2 \n8|one||b:1 \n"},
                /* Ids of the same words are told apart, and from ids that are given. */
                {.format = "csv",
                        .first = "query,docid\nA b?,x\na B!,y\n\xc3\x84?,z\n?!,q\n",
                        .queries = "a-b|A b?||x:1 \na-b-2|a B!||y:1 \n\xc3\x84|\xc3\x84?||z:1 \n"
                                   "query|?!||q:1 \n"},
                {.format = "csv",
                        .first = "query,docid,rating,category\nq,a,2,x\nq,a,2,x\nq,a,1,x\n",
                        .queries = "q|q|category=x |a:2 \n",
                        .losses = {"first:4: \"a\" is graded 1 for \"q\", and 2 in line 2"}},
                {.format = "csv",
                        .first =
                                "query,docid,rating\nq,a,\nq,b,-1\nq,c,11\nq,d,0.5\nq,e,x\nq,f,nan\n"
                                ",g,1\nq,,1\n",
                        .queries = "q|q||\n",
                        .losses = {"first:4: \"11\" is no grade", "first:5: \"0.5\" is no grade",
                                "first:6: \"x\" is no grade", "first:7: \"nan\" is no grade",
                                "first:8: it has no question", "first:9: a grade has no record",
                                "first:2: no record is graded above 0 for \"q\""},
                        .notes = {"1 record listed without a grade is not taken",
                                "1 grade below 0 is taken for 0"}},
                {.format = "csv",
                        .first = "qid,query,docid\n1,one,a\n1,other,b\n1,,c\n2,,d\n",
                        .queries = "1|one||a:1 c:1 \n",
                        .losses = {"first:3: query \"1\" has another text in line 2",
                                "first:5: query \"2\" has no text"}},
                {.format = "csv",
                        .first = "query,docid\na,b,c\n\"x\"y,b\nq,r\n\"open,b\n",
                        .queries = "q|q||r:1 \n",
                        .losses = {"first:2: the row has 3 fields under 2 headings",
                                "first:3: the row has text behind a closing quote",
                                "first:5: the row has a quote that is never closed"}},
        };

        check_samples(samples, ARRAY_SIZE(samples));
}

static void lines_of_json(void **state)
{
        static const struct sample samples[] = {
                {.format = "jsonl",
                        .first =
                                "{\"id\":\"a\",\"query\":\"x\",\"ids\":[\"r\",7],\"tags\":{\"kind\":\"k\"}}\n\n"
                                "{\"query\":\"y\",\"grades\":{\"r\":3,\"s\":0}}\r\n"
                                "{\"query\":\"y\",\"doc_id\":\"t\",\"score\":2}\n",
                        .queries = "a|x|kind=k |7:1 r:1 \ny|y||r:3 s:0 t:2 \n"},
                {.format = "jsonl",
                        .first =
                                "{\"query\":\"x\"\n[1]\n{\"query\":[]}\n{\"query\":{}}\n{\"query\":true}\n"
                                "{\"query\":\"x\",\"ids\":[[]],\"text\":\"p\",\"where\":1}\n",
                        .queries = "x|x||\n",
                        .losses = {"first:1: it is no JSON: ", "first:2: it is no JSON object",
                                "first:3: it has no question", "first:4: it has no question",
                                "first:5: it has no question",
                                "first:6: a record's id is a string or a number"},
                        .ignored = "text=1 where=1 "},
                /* What is said twice is taken once; tags are no list. */
                {.format = "jsonl",
                        .first =
                                "{\"query\":\"x\",\"grades\":{\"r\":2},\"ids\":[\"s\"],\"score\":1,\"tags\":[\"t\"]}\n",
                        .queries = "x|x||r:2 \n",
                        .ignored = "tags=1 score=1 ids=1 "},
                /* An id is cut between characters. */
                {.format = "jsonl",
                        .first = "{\"query\":\"a" TEN_E TEN_E TEN_E "\"}\n",
                        .queries = "a" TEN_E TEN_E NINE_E "|a" TEN_E TEN_E TEN_E "||\n"},
                /* An id that cannot be one. */
                {.format = "jsonl",
                        .first = "{\"id\":\"a\\u0007b\",\"query\":\"x\",\"ids\":[\"\\u202e\"]}\n",
                        .queries = "a-b|x||\xe2\x80\xae:1 \n",
                        .notes = {"first:1: \"a b\" can be no id; \"a-b\" is in its place"}},
        };

        check_samples(samples, ARRAY_SIZE(samples));
}

static void trec(void **state)
{
        static const struct sample samples[] = {
                {.format = "trec",
                        .first = "# qrels\n301 0 FBIS3-1 1\n301 0 FBIS3-2 0\n302\tQ0\tFR9\t2 \r\n",
                        .second =
                                "<top>\n<num> Number: 301\n<title> Topic:  Organized\nCrime\n"
                                "<desc> Description:\nx < y\n</top>\n"
                                "<top>\n<num> Number: 302 </num>\n<title>Polio &amp; Post&lt;</title></top>\n",
                        .queries = "301|Organized Crime||FBIS3-1:1 FBIS3-2:0 \n"
                                   "302|Polio & Post<||FR9:2 \n",
                        .ignored = "a topic's description=1 "},
                {.format = "trec",
                        .first = "1 0 d 1\n",
                        .second =
                                "<?xml version=\"1.0\"?>\n<topics task=\"covid\"><topic number=\"1\">\n"
                                "<query>coronavirus origin</query>\n<question>what</question></topic></topics>\n",
                        .queries = "1|coronavirus origin||d:1 \n",
                        .ignored = "a topic's description=1 "},
                {.format = "trec",
                        .first = "1 0 d 1\n2 0 e -2\n2 0 f 1\n3 0 g 1\n1 0 h\n1 0 i 1 more\n",
                        .second = "1\tone: two\n2:obama family\n\n4\tunjudged\nno separator\n5\t\n",
                        .queries = "1|one: two||d:1 \n2|obama family||e:0 f:1 \n",
                        .losses = {"second:5: it is no topic", "second:6: it is no topic",
                                "first:4: query \"3\" has no text",
                                "first:5: topic, iteration, record and grade",
                                "first:6: topic, iteration, record and grade"},
                        .notes = {"1 query of which nothing is judged is not taken",
                                "1 grade below 0 is taken for 0"}},
                {.format = "trec",
                        .first = "1 0 d 1\n",
                        .second =
                                "<top><title>no number</top><top><num>2</top><top><num>1<title>t</top>",
                        .queries = "1|t||d:1 \n",
                        .losses = {"second:1: the topic has no number",
                                "second:1: the topic has no title"}},
        };

        check_samples(samples, ARRAY_SIZE(samples));
}

static void beir(void **state)
{
        static const struct sample samples[] = {
                {.format = "beir",
                        .first =
                                "{\"_id\":\"PLAIN-2\",\"text\":\"Do statins?\",\"metadata\":{\"url\":\"x\"}}\n"
                                "{\"_id\":\"PLAIN-3\",\"text\":\"of another split\"}\n",
                        .second =
                                "query-id\tcorpus-id\tscore\nPLAIN-2\tMED-1\t2\nPLAIN-2\tMED-2\t0\n"
                                "PLAIN-9\tMED-1\t1\n",
                        .queries = "PLAIN-2|Do statins?||MED-1:2 MED-2:0 \n",
                        .losses = {"second:4: query \"PLAIN-9\" has no text"},
                        .notes = {"1 query of which nothing is judged is not taken"},
                        .ignored = "metadata=1 "},
        };

        check_samples(samples, ARRAY_SIZE(samples));
}

static void trees(void **state)
{
        static const struct sample samples[] = {
                {.format = "promptfoo",
                        .first = "description: d\ntests:\n"
                                 "  - vars: {query: Leave?, expected_ids: [a, b]}\n"
                                 "    assert: [{type: contains, value: x}]\n"
                                 "    metadata: {area: hr, deep: {x: 1}}\n"
                                 "  - vars:\n      question: [one?, two?]\n"
                                 "  - file://more.yaml\n",
                        .queries = "leave|Leave?|area=hr |a:1 b:1 \none|one?||\ntwo|two?||\n",
                        .losses = {"first:8: it is no test or query with fields"},
                        .ignored = "description=1 assert=1 deep=1 "},
                {.format = "promptfoo",
                        .first = "[{\"vars\":{\"input\":\"x\",\"docid\":\"[r]\"}}]",
                        .queries = "x|x||[r]:1 \n"},
                {.format = "quepid",
                        .first =
                                "{\"case_name\":\"c\",\"queries\":[\n{\"query_text\":\"star wars\",\"ratings\":"
                                "[{\"doc_id\":\"11\",\"rating\":3.0,\"user_email\":\"a\"},{\"doc_id\":\"12\",\"rating\":0},"
                                "{\"doc_id\":\"13\",\"rating\":null},{\"rating\":1},{\"doc_id\":\"14\"}]},\n"
                                "{\"query_text\":\"none\",\"notes\":null,\"ratings\":[]}]}",
                        .queries = "star-wars|star wars||11:3 12:0 \nnone|none||\n",
                        .losses = {"first:2: a judgement has no record",
                                "first:2: a judgement has no grade"},
                        .notes = {"1 record listed without a grade is not taken"},
                        .ignored = "case_name=1 user_email=1 "},
                {.format = "quepid",
                        .first =
                                "{\"queries\":[{\"query\":\"star wars\",\"ratings\":{\"11\":3,\"12\":1}}]}",
                        .queries = "star-wars|star wars||11:3 12:1 \n"},
                {.format = "quepid",
                        .first =
                                "{\"query_doc_pairs\":[{\"query_text\":\"q\",\"doc_id\":\"9\",\"position\":1,"
                                "\"judgements\":[{\"rating\":2.0},{\"rating\":3.0}]}]}",
                        .queries = "q|q||9:2 \n",
                        .losses = {"first:1: \"9\" is graded 3 for \"q\", and 2 in line 1"},
                        .ignored = "position=1 "},
                /* As its table guards a formula, and pads a query of which nothing is rated. */
                {.format = "quepid",
                        .first = "query,docid,rating\n\" +plus\",a,1.0\nempty,,",
                        .queries = "plus|+plus||a:1 \nempty|empty||\n"},
        };

        check_samples(samples, ARRAY_SIZE(samples));
}

static void ragas(void **state)
{
        static const struct sample samples[] = {
                {.format = "ragas",
                        .first =
                                "user_input,reference_contexts,reference_context_ids,synthesizer_name\n"
                                "What?,\"['text']\",\"['a1', \"\"b'2\"\", 3]\",single\n"
                                "Odd?,,not a list,\n",
                        .queries = "what|What?|synthesizer_name=single |3:1 a1:1 b'2:1 \n"
                                   "odd|Odd?||not a list:1 \n",
                        .ignored = "reference_contexts=1 "},
                {.format = "ragas",
                        .first =
                                " [{\"user_input\":\"Q?\",\"reference_context_ids\":[1,\"x\"]},\n"
                                "{\"question\":\"old\",\"ground_truth\":\"y\",\"contexts\":[\"c\"]}]",
                        .queries = "q|Q?||1:1 x:1 \nold|old||\n",
                        .ignored = "ground_truth=1 contexts=1 "},
                {.format = "ragas",
                        .first =
                                "{\"user_input\":\"Q?\",\"reference_context_ids\":[\"x\"]}\n{\"user_input\":[{\"content\":\"x\"}]}\n",
                        .queries = "q|Q?||x:1 \n",
                        .losses = {"first:2: it has no question"}},
        };

        check_samples(samples, ARRAY_SIZE(samples));
}

static void refuses_what_cannot_be_read(void **state)
{
        static const struct {
                struct sample sample;
                int status;
                const char *sentence;
        } cases[] = {
                {{"csv", ""}, -ENODATA, "first: no query was found"},
                {{"csv", "a,b\n1,2\n"}, -EBADMSG, "first:1: no heading is known"},
                {{"csv", "query,query\n1,2\n"}, -EBADMSG,
                        "first:1: two columns are called \"query\""},
                {{"csv", "\"query\n"}, -EBADMSG, "first:1: the row of headings has a quote"},
                {{"csv", "query\nq\xe9\n"}, -EBADMSG, "first:2: it is no UTF-8 text"},
                {{"csv", "query,docid\n"}, -ENODATA, "first: no query was found"},
                {{"jsonl", "[]\n"}, -ENODATA, "first: no query was found"},
                {{"promptfoo", "tests: file://x.yaml\n"}, -EBADMSG, "first:1: a list of tests"},
                {{"promptfoo", "a: 1\n"}, -EBADMSG, "first:1: a list of tests"},
                {{"promptfoo", "just text"}, -EBADMSG, "first:1: a list of tests"},
                {{"promptfoo", "a: &x 1\n"}, -EBADMSG, "first:1:4: "},
                {{"trec", "1 0 d 1\n", "2\tt\n"}, -ENODATA, "first: no query was found"},
                {{"beir", "{\"_id\":\"1\",\"text\":\"t\"}", "a\tb\n"}, -EBADMSG,
                        "second:1: no heading is known"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_draft_ struct draft d = {0};
                _cleanup_error_ struct error e = {0};

                assert_int_equal(read_sample(&cases[i].sample, &d, &e), cases[i].status);
                if (strncmp(e.message, cases[i].sentence, strlen(cases[i].sentence)) != 0)
                        fail_msg("%s", e.message);
        }
        assert_null(import_find("excel"));
}

/* A NUL would end every text that holds it. */
static void refuses_a_nul(void **state)
{
        static const char data[] = "query\nq\0r\n";
        const struct import_file file = {"first", data, sizeof(data) - 1};
        _cleanup_draft_ struct draft d = {0};
        _cleanup_error_ struct error e = {0};

        assert_int_equal(draft_init(&d), 0);
        assert_int_equal(import_read(import_find("csv"), &file, NULL, &d, &e), -EBADMSG);
        assert_string_equal(
                e.message, "first:2: it is no UTF-8 text; iconv makes one of other encodings");
}

/* Ids that YAML wants announced, characters that it forbids, and what would steer a terminal. */
static void what_is_written_is_read_again(void **state)
{
        _cleanup_text_ struct text csv = {0}, expected = {0};
        static const char odd[] = "\x1b[1m \xef\xbf\xbe \xc2\x85 \xf0\x9f\x98\x80 \" # : \\ '";

        text_append(&csv, "query,docid\nq,");
        for (unsigned i = 0; i < 700; i++)
                text_append(&csv, "\xc3\xa9");
        text_appendf(
                &csv, "\n\"a%s", "\x1b[1m \xef\xbf\xbe \xc2\x85 \xf0\x9f\x98\x80 \"\" # : \\ '");
        text_append(&csv, "\",~\n");
        text_append(&expected, "q|q||");
        for (unsigned i = 0; i < 700; i++)
                text_append(&expected, "\xc3\xa9");
        text_appendf(&expected, ":1 \na-1m-\xef\xbf\xbe-\xf0\x9f\x98\x80|a%s||~:1 \n", odd);
        check_sample(&(struct sample){
                .format = "csv", .first = csv.data, .queries = text_string(&expected)});
}

/* A key of YAML that stands on a line has 1024 characters at most, quotes included. */
static void names_of_any_length_are_written(void **state)
{
        for (int size = 990; size < 1030; size++) {
                _cleanup_text_ struct text name = {0}, line = {0}, expected = {0};

                for (int i = 0; i < size; i++)
                        text_append(&name, "n");
                text_appendf(&line,
                        "{\"query\":\"q\",\"docid\":\"%s\",\"tags\":{\"a\":\"1\",\"%s\":\"2\",\"z\":\"3\"}}\n",
                        name.data, name.data);
                text_appendf(&expected, "q|q|a=1 %s=2 z=3 |%s:1 \n", name.data, name.data);
                check_sample(&(struct sample){
                        .format = "jsonl", .first = line.data, .queries = text_string(&expected)});
        }
}

static void too_long_a_record_is_a_loss(void **state)
{
        _cleanup_text_ struct text csv = {0};

        text_append(&csv, "query,docid\nq,");
        for (unsigned i = 0; i <= DRAFT_RECORD_ID_MAX; i++)
                text_append(&csv, "x");
        check_sample(&(struct sample){.format = "csv",
                .first = csv.data,
                .queries = "q|q||\n",
                .losses = {"first:2: a record's id has 1 to 2000 bytes"}});
}

static void a_set_is_limited(void **state)
{
        _cleanup_text_ struct text csv = {0};
        _cleanup_draft_ struct draft d = {0};
        _cleanup_error_ struct error e = {0};

        text_append(&csv, "query\n");
        for (unsigned i = 0; i <= QUERY_SET_MAX; i++)
                text_appendf(&csv, "q%u\n", i);
        assert_int_equal(read_sample(&(struct sample){"csv", csv.data}, &d, &e), -E2BIG);
        assert_string_equal(e.message, "first: a set has at most 100000 queries and 500000 grades");
}

static void lists_in_a_cell(void **state)
{
        static const struct {
                const char *text, *items; /* NULL: no list */
        } cases[] = {
                {"[]", ""},
                {" [ 'a' , \"b\" ] ", "a|b|"},
                {"['a' 'b']", "a|b|"},
                {"[1, 2.5]", "1|2.5|"},
                {"['it\\'s', \"a\\\\b\", 'x\\ny']", "it's|a\\b|x\ny|"},
                {"['a',]", "a|"},
                {"", NULL},
                {"a", NULL},
                {"['a'", NULL},
                {"['a", NULL},
                {"[['a']]", NULL},
                {"['a'] b", NULL},
                {"['\\x41']", NULL},
                {"[,]", NULL},
                {"['a\\", NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(json_decrefp) json_t *list = NULL;
                _cleanup_text_ struct text t = {0};

                assert_int_equal(
                        literal_strings(cases[i].text, &list), cases[i].items ? 0 : -EINVAL);
                for (size_t k = 0; k < json_array_size(list); k++)
                        text_appendf(&t, "%s|", json_string_value(json_array_get(list, k)));
                assert_string_equal(text_string(&t), cases[i].items ? cases[i].items : "");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tables),
                cmocka_unit_test(lines_of_json),
                cmocka_unit_test(trec),
                cmocka_unit_test(beir),
                cmocka_unit_test(trees),
                cmocka_unit_test(ragas),
                cmocka_unit_test(refuses_what_cannot_be_read),
                cmocka_unit_test(refuses_a_nul),
                cmocka_unit_test(what_is_written_is_read_again),
                cmocka_unit_test(names_of_any_length_are_written),
                cmocka_unit_test(too_long_a_record_is_a_loss),
                cmocka_unit_test(a_set_is_limited),
                cmocka_unit_test(lists_in_a_cell),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
