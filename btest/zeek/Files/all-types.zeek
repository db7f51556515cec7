# Values of every type, and events that carry them.
#
# A sender calls AllTypes::publish_all(topic) once the receiver has subscribed. Each value goes out
# in an event of its own, and is printed here as the receiver will print it: what both print must
# be the same, line by line. AllTypes::finished comes last.
#
# With AllTypes::expect_concrete, receivers give a value of its own type for an `any`, and not
# the Broker::Data that Zeek's own serializers give.

@load ./all-types/types
@load ./all-types/show
@load ./all-types/plain
@load ./all-types/others
@load ./all-types/any

module AllTypes;

export {
	## Publishes everything, and prints it.
	global publish_all: function(topic: string);

	## Publishes vectors with holes. They are refused unless that is enabled.
	global publish_holes: function(topic: string);

	## Publishes what cannot be sent, and where AllTypes::Extra is defined before this file is
	## loaded, an enum value that a receiver without it does not know.
	global publish_wrong: function(topic: string);

	## Comes after everything else.
	global finished: event();
}

function atoms()
	{
	send_bool("true", T);
	send_bool("false", F);

	send_count("zero", 0);
	send_count("preallocated", 4095);
	send_count("2^63", 9223372036854775808);
	send_count("max", 18446744073709551615);
	send_int("zero", +0);
	send_int("minus one", -1);
	send_int("max", +9223372036854775807);
	send_int("min", -9223372036854775807 - 1);

	local huge = 1e308;
	local inf = huge * 10.0;
	local nan = inf - inf;
	send_double("zero", 0.0);
	send_double("minus zero", -0.0);
	send_double("tenth", 0.1);
	send_double("max", 1.7976931348623157e308);
	send_double("min", 2.2250738585072014e-308);
	send_double("denormal", 2.2250738585072014e-308 / 4503599627370496.0);
	send_double("inf", inf);
	send_double("minus inf", -inf);
	send_double("nan", nan);

	send_time("zero", double_to_time(0.0));
	send_time("micros", double_to_time(1700000000.123456));
	send_time("digits", double_to_time(1700000000.1234567));
	send_time("before 1970", double_to_time(-12345.678901));
	send_time("far", double_to_time(1e18));
	send_time("inf", double_to_time(inf));
	send_interval("zero", 0sec);
	send_interval("usec", 1usec);
	send_interval("fraction", double_to_interval(0.1234567891234));
	send_interval("minus", -90min);
	send_interval("centuries", 365000days);
	send_interval("nan", double_to_interval(nan));

	send_string("empty", "");
	send_string("plain", "hello");
	send_string("NUL", "a\x00b\x00");
	send_string("not UTF-8", "\xff\xfe\x80\xc3\x28");
	send_string("UTF-8", "\xc3\xa4\xe2\x82\xac");
	send_string("control", "\x01\x1b\x7f\n\r\t\"\\%s");

	send_pattern("plain", /foo/);
	send_pattern("case", /foo/i);
	send_pattern("single line", /a.foo/s);
	send_pattern("both", /a.foo/is);
	send_pattern("or", /foo/ | /bar/i);
	send_pattern("and", /fo/ & /o/);
	send_pattern("odd", /[^\x00-\x1f]\"\/x{2}|\xff{1,3}/);

	send_enum("implicit", RED);
	send_enum("explicit", GREEN);
	send_enum("large", BLUE);

	send_port("tcp", 80/tcp);
	send_port("udp", 65535/udp);
	send_port("icmp", 8/icmp);
	send_port("unknown", 0/unknown);

	send_addr("v4", 192.168.1.2);
	send_addr("v4 zero", 0.0.0.0);
	send_addr("v6", [2001:db8::ff00:42:8329]);
	send_addr("v6 zero", [::]);
	send_addr("mapped", [::ffff:10.0.0.1]);
	send_subnet("v4", 10.0.0.0/8);
	send_subnet("v4 all", 0.0.0.0/0);
	send_subnet("v4 host", 1.2.3.4/32);
	send_subnet("v6", [2001:db8::]/32);
	send_subnet("v6 all", [::]/0);
	send_subnet("v6 host", [2001:db8::1]/128);
	send_subnet("mapped", [::ffff:10.0.0.0]/104);
	}

function sets()
	{
	local none: set[count];
	send_set_count("empty", none);
	Cluster::publish(to, t_set_count, "unspecified", set());
	event t_set_count("unspecified", set());
	send_set_count("some", set(3, 1, 2, 18446744073709551615));
	local pairs: set[count, string] = { [1, "a"], [1, ""], [2, "a\x00b"] };
	send_set_pair("pairs", pairs);
	send_set_record("optional", set(Key($c=1, $s="x"), Key($c=1, $s="x", $p=1/tcp)));
	send_set_vector("vectors", set(vector(1, 2), vector(1)));
	send_set_pattern("patterns", set(/foo/, /bar/i));
	send_set_subnet("subnets", set(10.0.0.0/8, [2001:db8::]/32));
	send_set_enum("enums", set(RED, BLUE));
	}

function tables()
	{
	local none: table[string] of count;
	send_table_string("empty", none);
	Cluster::publish(to, t_table_string, "unspecified", table());
	event t_table_string("unspecified", table());
	send_table_string("some", table(["a"] = 1, ["b"] = 2, [""] = 3));
	local defaulted: table[string] of count &default = 9;
	defaulted["x"] = 1;
	send_table_string("default", defaulted);
	send_table_triple("triple", table([1.2.3.4, 5/udp, RED] = "a", [[::1], 0/unknown, BLUE] = ""));
	send_table_vector("vectors", table(["a"] = vector(1, 2, 3), ["b"] = vector(4)));
	send_table_table("tables",
	    table([1] = table(["a"] = set(1, 2), ["b"] = set(3)), [2] = table(["c"] = set(4))));
	send_table_record("records", table([Key($c=1, $s="k"), 2] = Leaf($a=3)));
	local anys: table[string] of any;
	anys["a"] = 1;
	anys["b"] = "two";
	send_table_any("any", anys);

	local ordered: table[string] of count &ordered;
	for ( _, k in vector("z", "y", "a", "m", "b", "q", "c", "x") )
		ordered[k] = |ordered|;
	send_ordered("order", ordered);
	local record_ordered = Ordered();
	for ( _, k in vector("z", "y", "a", "m", "b", "q", "c", "x") )
		record_ordered$t[k] = |record_ordered$t|;
	send_ordered_field("order", record_ordered);
	send_ordered_table("order", ordered);
	local ordered_pairs: set[string, count] &ordered;
	for ( i, k in vector("z", "y", "a", "m", "b", "q", "c", "x") )
		add ordered_pairs[k, i];
	send_ordered_set("order", ordered_pairs);
	send_ordered_inside("order", vector(ordered, record_ordered$t));
	send_any("ordered table", ordered);
	send_any("ordered set", ordered_pairs);
	}

function vectors()
	{
	local none: vector of count;
	send_vector_count("empty", none);
	Cluster::publish(to, t_vector_count, "unspecified", vector());
	event t_vector_count("unspecified", vector());
	send_vector_count("some", vector(1, 0, 18446744073709551615));
	send_vector_double("some", vector(0.1, -0.0, 1e300));
	send_vector_string("some", vector("", "a", "b c"));
	send_vector_bool("some", vector(T, F, T));
	send_vector_port("some", vector(1/tcp, 2/udp, 3/icmp, 4/unknown));
	send_vector_enum("some", vector(RED, BLUE, GREEN));
	send_vector_addr("some", vector(1.2.3.4, [::1]));
	send_vector_record("some", vector(Leaf($a=1), Leaf($a=2, $b="b", $c=2.5, $d=vector("x"))));
	send_vector_vector("some", vector(vector("a", "b"), vector("c")));
	send_vector_set("some", vector(set(1, 2), set(3)));
	send_vector_pattern("some", vector(/a/, /b/i));
	send_vector_any("same", vector(1, 2, 3));
	local mixed: vector of any;
	mixed += 1;
	mixed += "two";
	mixed += 3/tcp;
	mixed += Leaf($a=4);
	send_vector_any("mixed", mixed);
	local none_any: vector of any;
	send_vector_any("empty", none_any);
	}

function records()
	{
	send_leaf("defaults", Leaf($a=1));
	send_leaf("all", Leaf($a=2, $b="", $c=-0.25, $d=vector("x", "y"), $e=RED));
	local cleared = Leaf($a=3, $b="gone", $c=9.0);
	delete cleared$b;
	delete cleared$c;
	send_leaf("cleared", cleared);

	local tree = Tree($name="root", $leaf=Leaf($a=1));
	tree$left = Tree($name="left", $leaf=Leaf($a=2));
	tree$left$right = Tree($name="inner", $leaf=Leaf($a=3, $b="deep"));
	send_tree("nested", tree);

	send_every("nothing", Every());
	local h = md5_hash_init();
	md5_hash_update(h, "head");
	send_every("everything", Every($b=F, $i=-5, $c=5, $d=-0.0, $t=double_to_time(1.5), $n=2sec,
	    $s="s", $p=/p/i, $e=GREEN, $o=53/udp, $a=[::1], $u=10.0.0.0/8, $x=42, $sc=set(1, 2),
	    $tc=table([1] = "one"), $vc=vector(1, 2), $r=Leaf($a=7), $h=h,
	    $f=function(c: count): string { return fmt("every %d", c); }));
	}

function named(c: count): string
	{
	return fmt("named %d", c);
	}

event callee(label: string)
	{
	}

hook refusing(c: count)
	{
	if ( c == 7 )
		break;
	}

function closure_over(n: count, names: vector of string, color: Color, leaf: Leaf,
                      seen_before: table[string] of count): function(c: count): string
	{
	return function[n, names, color, leaf, seen_before](c: count): string
		{
		return fmt("%d %d %s %s %s %d", c, n, names, color, leaf, seen_before["calls"]);
		};
	}

function functions()
	{
	send_func("named", named);
	send_func("lambda", function(c: count): string { return fmt("lambda %d", c); });
	# Both of one lambda: the second must not change what the first captured.
	local one = closure_over(1, vector("a"), RED, Leaf($a=1), table(["calls"] = 10));
	local two = closure_over(2, vector("b", "c"), BLUE, Leaf($a=2, $b="x"), table(["calls"] = 20));
	send_vector_func("closures", vector(one, two));
	send_func("closure one", one);
	send_func("closure two", two);
	send_event("by name", callee);
	send_hook("by name", refusing);
	send_file("by name", open("all-types.file"));
	}

const certificate = hexstr_to_bytestring(
    "3082013c3081efa00302010202142ae8bb6567ea0734762db0c19eda41825a24ef65300506032b65" +
    "7030133111300f06035504030c087a65656b776972653020170d3236313132303135353333325a18" +
    "0f32313236313032373135353333325a30133111300f06035504030c087a65656b77697265302a30" +
    "0506032b65700321008cffecd5fba7940e04c345cb4681990a9da350f668fe1771358a1be9210dd2" +
    "c2a3533051301d0603551d0e04160414502114594ef8cb5478a6dc947b307ad81c8b6b95301f0603" +
    "551d23041830168014502114594ef8cb5478a6dc947b307ad81c8b6b95300f0603551d130101ff04" +
    "0530030101ff300506032b657003410027dfa2a77331f928db097bdf96cf4c33e34e7ce5780f48c5" +
    "08570cee89a3c36ae87725d80798f22ef160987e23a31b57b6185bb576c711ce93e66058a648e40f"    );

function opaques()
	{
	local md5 = md5_hash_init();
	md5_hash_update(md5, "head");
	send_md5("begun", md5);
	local sha1 = sha1_hash_init();
	sha1_hash_update(sha1, "head");
	send_sha1("begun", sha1);
	local sha224 = sha224_hash_init();
	sha224_hash_update(sha224, "head");
	send_sha224("begun", sha224);
	local sha256 = sha256_hash_init();
	sha256_hash_update(sha256, "head");
	send_sha256("begun", sha256);
	local sha384 = sha384_hash_init();
	sha384_hash_update(sha384, "head");
	send_sha384("begun", sha384);
	local sha512 = sha512_hash_init();
	sha512_hash_update(sha512, "head");
	send_sha512("begun", sha512);

	local entropy = entropy_test_init();
	entropy_test_add(entropy, "abcabcabc");
	send_entropy("begun", entropy);

	local basic = bloomfilter_basic_init(0.01, 100, "all-types");
	bloomfilter_add(basic, "a");
	send_bloomfilter("basic", basic);
	local counting = bloomfilter_counting_init(3, 64, 7, "all-types");
	bloomfilter_add(counting, "a");
	bloomfilter_add(counting, "a");
	send_bloomfilter("counting", counting);

	local cardinality = hll_cardinality_init(0.05, 0.95);
	hll_cardinality_add(cardinality, "a");
	hll_cardinality_add(cardinality, "b");
	send_cardinality("two", cardinality);

	local topk = topk_init(4);
	for ( _, s in vector("a", "b", "b", "c", "c", "c") )
		topk_add(topk, s);
	send_topk("three", topk);

	send_x509("certificate", x509_from_der(certificate));
	send_paraglob("globs", paraglob_init(vector("h*", "*lo", "x?")));
	}

function anys()
	{
	send_any("bool", T);
	send_any("count", 1);
	send_any("int", -1);
	send_any("double", -0.0);
	send_any("time", double_to_time(1700000000.123456));
	send_any("interval", 1.5sec);
	send_any("string", "a\x00\xff");
	send_any("pattern", /foo/i);
	send_any("enum", GREEN);
	send_any("port", 1/udp);
	send_any("addr", [::1]);
	send_any("subnet", 10.0.0.0/8);
	send_any("set", set(1));
	send_any("set of pairs", set([1, "a"]));
	send_any("table", table(["a"] = 1));
	send_any("table of triples", table([1.2.3.4, 5/udp, RED] = vector(1)));
	send_any("vector", vector(1, 2, 3));
	send_any("vector of vectors", vector(vector("a"), vector("b")));
	send_any("record", Key($c=1, $s="x", $p=1/tcp));
	send_any("nested record", Tree($name="r", $leaf=Leaf($a=1)));
	send_any("unset field", Key($c=1, $s="x"));
	send_any("nothing set", Every());
	send_any("vector of records", vector(Key($c=1, $s="x"), Key($c=2, $s="y", $p=1/tcp)));
	send_any("set of records", set(Key($c=1, $s="x"), Key($c=1, $s="x")));
	send_any("record with an any", Every($x=Leaf($a=1), $vc=vector()));
	send_any("function", named);

	# Nothing tells what these hold: they stay what Zeek makes of them.
	if ( ! expect_concrete )
		{
		send_any("empty set", set());
		send_any("empty table", table());
		send_any("empty vector", vector());
		send_any("closure", closure_over(1, vector("a"), RED, Leaf($a=1), table(["calls"] = 10)));
		local md5 = md5_hash_init();
		md5_hash_update(md5, "head");
		send_any("opaque", md5);
		}

	# As they are when an event is passed on.
	send_data("count", Broker::__data(1));
	send_data("time", Broker::__data(double_to_time(1700000000.1234567)));
	send_data("interval", Broker::__data(double_to_interval(-0.1234567891)));
	send_data("record", Broker::__data(Key($c=1, $s="x")));
	send_data("table", Broker::__data(table([1, "a"] = vector(T))));
	send_data("any", Broker::__data(Every($x=1)));
	}

function publish_all(topic: string)
	{
	to = topic;
	atoms();
	sets();
	tables();
	vectors();
	records();
	functions();
	opaques();
	anys();

	local trees = vector(Tree($name="t", $leaf=Leaf($a=1)));
	local pairs: set[addr, port] = { [1.2.3.4, 5/udp] };
	Cluster::publish(to, t_many, T, 5, "s", trees, 1.5, pairs);
	event t_many(T, 5, "s", trees, seen(1.5), pairs);
	Cluster::publish(to, t_none);
	event t_none();
	Cluster::publish(to, finished);
	event finished();
	}

function publish_holes(topic: string)
	{
	to = topic;
	local v = vector(1);
	v[3] = 4;
	send_vector_count("holes", v);

	local a: vector of any;
	a[1] = "one";
	send_vector_any("holes", a);

	Cluster::publish(to, finished);
	event finished();
	}

function publish_wrong(topic: string)
	{
	to = topic;
	# A value that contains itself has no end.
	local tree = Tree($name="loop", $leaf=Leaf($a=1));
	tree$left = tree;
	if ( ! Cluster::publish(to, t_tree, "loop", tree) )
		print "tree", "loop", "refused";

	# Known to the sender alone: a receiver without it reports the name, and loses this event only.
@ifdef ( AllTypes::Extra )
	send_enum("extra", EXTRA);
@endif

	Cluster::publish(to, finished);
	event finished();
	}
