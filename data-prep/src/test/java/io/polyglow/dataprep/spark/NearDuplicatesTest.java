package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.dataprep.dedup.DedupConfig.Near;
import io.polyglow.dataprep.dedup.PlantedDuplicates;
import io.polyglow.dataprep.dedup.PlantedDuplicates.Planted;
import io.polyglow.dataprep.spark.NearDuplicates.Sketched;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Near-duplicates through Spark, against what is known of the documents or computed the slow way. */
class NearDuplicatesTest {
    private static final StructType TEXTS =
            new StructType().add("id", DataTypes.StringType).add("text", DataTypes.StringType);

    private final SparkSession spark = interpreted();

    @TempDir
    private Path folder;

    /** For tables this small, compiling plans takes longer than running them; {@link DedupBenchTest} runs them compiled. */
    private static SparkSession interpreted() {
        SparkSession session = LocalSpark.session().newSession();
        session.conf().set("spark.sql.shuffle.partitions", 3);
        session.conf().set("spark.sql.adaptive.enabled", false);
        session.conf().set("spark.sql.codegen.wholeStage", false);
        return session;
    }

    private static Near config(double similarity) {
        return new Near(true, similarity, 14, 8);
    }

    private Dataset<Row> documents(List<Planted> planted, int partitions) {
        List<Row> rows = planted.stream()
                .map(document -> RowFactory.create(document.id(), document.text()))
                .toList();
        return spark.createDataFrame(rows, TEXTS).repartition(partitions);
    }

    private static List<Planted> planted(int count) {
        PlantedDuplicates layout = new PlantedDuplicates(count, 5);
        List<Planted> documents = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            documents.add(layout.document(i));
        }
        return documents;
    }

    private Sketched sketched(Dataset<Row> documents, Near config, String name) {
        WorkTables work = new WorkTables(spark, folder.resolve(name).toString());
        return new Sketched(
                documents.select("id").withColumn("cluster_size", org.apache.spark.sql.functions.lit(1L)),
                work.write("sketches", "sketches", () -> SketchColumns.of(documents, config)));
    }

    private Map<String, Row> run(Dataset<Row> documents, Near config, String name) {
        return run(sketched(documents, config, name), List.of(), config, name);
    }

    private Map<String, Row> run(Sketched own, List<Sketched> earlier, Near config, String name) {
        Map<String, Row> rows = new TreeMap<>();
        WorkTables work = new WorkTables(spark, folder.resolve(name).toString());
        NearDuplicates.run(own, earlier, config, work, line -> {})
                .collectAsList()
                .forEach(row -> assertThat(rows.put(row.getString(0), row)).isNull());
        return rows;
    }

    @Test
    @Tag("nightly")
    void shouldGiveTheSameClustersForAnyPartitioning() {
        List<Planted> planted = planted(300);
        for (String wordless : List.of("?!", "?!", "")) {
            planted.add(new Planted("z" + planted.size(), planted.size(), 0, false, wordless));
        }
        Map<String, Row> expected = run(documents(planted, 1), config(0.5), "one");

        assertThat(expected.values().stream().filter(row -> row.getLong(3) > 1)).hasSizeGreaterThan(50);
        assertThat(expected.values().stream().filter(row -> row.getString(0).startsWith("z")))
                .hasSize(3)
                .allMatch(row -> row.getBoolean(4));
        for (int partitions : new int[] {3, 7}) {
            spark.conf().set("spark.sql.shuffle.partitions", partitions);
            List<Planted> shuffled = new ArrayList<>(planted);
            java.util.Collections.shuffle(shuffled, new java.util.Random(partitions));

            assertThat(run(documents(shuffled, partitions), config(0.5), "parts" + partitions))
                    .isEqualTo(expected);
        }
    }

    @Test
    void shouldCompareTheSamePairsWhetherAGroupGoesThroughOneTaskOrMany() {
        Dataset<Row> sketches = SketchColumns.of(documents(planted(400), 3), config(0.8))
                .withColumnRenamed("id", "node")
                .withColumn(
                        "node",
                        org.apache.spark.sql.functions.concat(
                                org.apache.spark.sql.functions.lit("1"), org.apache.spark.sql.functions.col("node")))
                .cache();

        Set<String> whole = pairs(CandidatePairs.of(sketches, config(0.8), 1_000_000));
        Set<String> spread = pairs(CandidatePairs.of(sketches, config(0.8), 5));

        assertThat(whole).hasSizeGreaterThan(100).isEqualTo(spread);
    }

    private static Set<String> pairs(Dataset<Row> pairs) {
        Set<String> set = new TreeSet<>();
        pairs.collectAsList().forEach(row -> assertThat(set.add(row.toString())).isTrue());
        return set;
    }

    @Test
    void shouldJoinRowsOfAFrequentKeyLikeAnyOther() {
        Dataset<Row> rows = spark.range(300).selectExpr("if(id % 3 = 0, 7L, id) as key", "cast(id as string) as other");
        Dataset<Row> table = spark.range(200).selectExpr("id as key", "id * 10 as value");

        Set<String> plain = pairs(rows.join(table, "key"));

        assertThat(pairs(SkewJoin.spreading(rows, "key", "other", table, 10)))
                .hasSize(233)
                .isEqualTo(plain);
    }

    @Test
    void shouldFindTheComponentsOfAnyGraph() {
        RandomStream random = RandomStream.of(17, "graph", 0);
        List<int[]> edges = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            edges.add(new int[] {i, i + 1}); // a chain
        }
        for (int i = 101; i < 140; i++) {
            edges.add(new int[] {100, i}); // a star
        }
        for (int i = 0; i < 80; i++) {
            int a = 200 + random.nextInt(100);
            int b = 200 + random.nextInt(100);
            if (a != b) {
                edges.add(new int[] {Math.min(a, b), Math.max(a, b)});
            }
        }
        List<Row> rows = edges.stream()
                .map(edge -> RowFactory.create(name(edge[0]), name(edge[1])))
                .toList();

        List<String> rounds = new ArrayList<>();
        Set<String> found = pairs(new Components(new WorkTables(spark, folder.toString()), rounds::add)
                .of(spark.createDataFrame(rows, CandidatePairs.PAIRS)));

        assertThat(found).isEqualTo(byUnionFind(edges));
        assertThat(rounds).hasSizeBetween(2, 7);
    }

    private static Set<String> byUnionFind(List<int[]> edges) {
        int[] parent = new int[400];
        Set<Integer> nodes = new HashSet<>();
        java.util.Arrays.setAll(parent, i -> i);
        for (int[] edge : edges) {
            int a = root(parent, edge[0]);
            int b = root(parent, edge[1]);
            parent[Math.max(a, b)] = Math.min(a, b);
            nodes.add(edge[0]);
            nodes.add(edge[1]);
        }
        Set<String> expected = new TreeSet<>();
        nodes.forEach(node -> expected.add("[" + name(node) + "," + name(root(parent, node)) + "]"));
        return expected;
    }

    private static int root(int[] parent, int node) {
        int at = node;
        while (parent[at] != at) {
            at = parent[at];
        }
        return at;
    }

    private static String name(int node) {
        return String.format(java.util.Locale.ROOT, "1n%03d", node);
    }

    @Test
    @Tag("nightly")
    void shouldKeepTheEarlierCorpusAndItsIdsApart() {
        List<Planted> planted = planted(600);
        List<Planted> old = new ArrayList<>();
        List<Planted> fresh = new ArrayList<>();
        for (int i = 0; i < planted.size(); i++) {
            (i % 2 == 0 ? old : fresh).add(planted.get(i));
        }
        // a new document may have the id of an unlike old one
        Planted clash = new Planted(old.get(0).id(), 9, 0, false, "words that nobody else has written down, ever");
        fresh.add(clash);
        Planted leftOut = new Planted("left out", 10, 0, false, clash.text());
        Near config = config(0.75);
        // half of the old documents in each of two corpora, one of which holds what did not stay there either
        Dataset<Row> first = documents(old.subList(0, 150), 2);
        Sketched second = sketched(documents(old.subList(150, 300), 2), config, "second");
        Sketched withRejected = sketched(first.union(documents(List.of(leftOut), 1)), config, "first");
        List<Sketched> earlier = List.of(new Sketched(first.select("id"), withRejected.sketches()), second);

        Map<String, Row> result = run(sketched(documents(fresh, 2), config, "fresh"), earlier, config, "fresh");

        assertThat(result.keySet()).hasSize(301);
        Set<String> oldIds = new HashSet<>();
        for (int i = 0; i < old.size(); i++) {
            oldIds.add((i < 150 ? "1:" : "2:") + old.get(i).id());
        }
        int joined = 0;
        for (Planted document : fresh) {
            Row row = Objects.requireNonNull(result.get(document.id()));
            boolean member = document.tenths() >= 9 && !document.id().equals(clash.id());
            if (member) {
                joined += row.getBoolean(2) ? 1 : 0;
                assertThat(row.getBoolean(2)).isEqualTo(!row.getBoolean(4));
                assertThat(oldIds.contains(row.getString(1))).isEqualTo(row.getBoolean(2));
            } else if (document.tenths() < 8) {
                assertThat(row.getBoolean(4)).isTrue();
                assertThat(row.getLong(3)).isEqualTo(1);
            }
        }
        // a half of the large cluster, of the copies, of the equal texts, and one of each pair of 0.9
        assertThat(joined).isBetween(24 + 24 + 6 + 28, 24 + 24 + 6 + 30);
    }
}
