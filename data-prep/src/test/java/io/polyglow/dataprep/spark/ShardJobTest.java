package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.Tokenizers;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.ShardInfo;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.TokenShardWriter;
import io.polyglow.common.token.shard.TokenSplit;
import io.polyglow.dataprep.doc.Digest;
import io.polyglow.dataprep.mix.Copies;
import io.polyglow.dataprep.mix.MixConfig;
import io.polyglow.dataprep.mix.MixPlan;
import io.polyglow.dataprep.split.ShardPlan;
import io.polyglow.dataprep.split.SplitPlan;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kept texts to shards, with and without a mix. */
class ShardJobTest {
    private static final StructType SCHEMA = new StructType()
            .add(DocumentTable.ID, DataTypes.StringType)
            .add(DocumentTable.SOURCE, DataTypes.StringType)
            .add(DocumentTable.LANGUAGE, DataTypes.StringType)
            .add(Deduplication.CLUSTER_SIZE, DataTypes.LongType)
            .add(DocumentTable.BYTES, DataTypes.LongType)
            .add(DocumentTable.TEXT, DataTypes.StringType);
    private static final ByteLevelBpe TOKENIZER = Tokenizers.merging();
    private static final SplitPlan SPLIT = new SplitPlan(SplitPlan.Mode.DOCUMENTS, 0.2, 5);

    @TempDir
    Path folder;

    private final SparkSession spark = LocalSpark.session();

    @Test
    void shouldTellWhichDocumentStandsWhereAndRepeatOnlyWhatTrains() throws IOException {
        Dataset<Row> texts = texts(3);
        MixConfig config = ConfigFile.load(
                        MixConfig.class,
                        "mix.yaml",
                        "",
                        List.of("policy=unimax", "max-epochs=3", "total-tokens=8000", "cluster-weights.2=2"))
                .value();
        MixPlan mix = plan(texts, config);

        assertThat(mix).isEqualTo(plan(texts(7), config));
        assertThat(mix.epochs().get("swh")).isEqualTo(3);
        TokenDataset corpus = write("mixed", texts, mix);
        TokenSplit train = corpus.split(TokenDataset.TRAIN);
        Map<String, Integer> seen = new HashMap<>();
        for (long d = 0; d < train.documents(); d++) {
            String id = train.index().id(d).toString();
            assertThat(text(corpus, train, d)).isEqualTo(textOf(id));
            assertThat(seen.merge(id + " " + train.index().copy(d), 1, Integer::sum))
                    .isEqualTo(1);
            seen.merge(id, 1, Integer::sum);
        }
        for (int i = 0; i < 120; i++) {
            String id = Digest.documentId("f", i);
            boolean trains = SPLIT.trainBytes(id, 1) > 0;
            int copies = mix.of(id, language(i), "f", i % 2 + 1);
            assertThat(seen.getOrDefault(id, 0)).isEqualTo(trains ? copies : 0);
        }
        TokenSplit validation = corpus.split(TokenDataset.VALIDATION);
        assertThat(validation.documents()).isBetween(10L, 40L);
        for (long d = 0; d < validation.documents(); d++) {
            assertThat(validation.index().copy(d)).isZero();
        }
    }

    @Test
    void shouldWriteTheSameBytesWithoutAMixAsWhenEveryDocumentStandsOnce() throws IOException {
        MixPlan asIs = plan(texts(2), MixConfig.AS_IS);
        String fingerprint = write("once", texts(5), Copies.ONCE).manifest().fingerprint();

        assertThat(write("as-is", texts(2), asIs).manifest().fingerprint()).isEqualTo(fingerprint);
    }

    @Test
    void shouldGiveEachShardATaskOfItsOwn() {
        ShardJob job = new ShardJob(spark, TOKENIZER, SPLIT, new ShardPlan(30, 10, 5));
        Dataset<Row> pieces = job.pieces(texts(3));
        List<List<Integer>> shards = pieces.select(TokenizedPieces.SHARD).javaRDD().glom().collect().stream()
                .map(rows -> rows.stream().map(row -> row.getInt(0)).distinct().toList())
                .toList();

        assertThat(shards).hasSize(40);
        for (int partition = 0; partition < 40; partition++) {
            assertThat(shards.get(partition)).isSubsetOf(partition);
        }
        assertThat(shards.stream().filter(list -> !list.isEmpty()).count()).isGreaterThan(30);
    }

    @Test
    void shouldGoOnInAFurtherShardWhereOneIsFull() throws IOException {
        TokenDataset whole = write("whole", texts(2), Copies.ONCE);
        TokenDataset parts = write("parts", texts(5), Copies.ONCE, 1000);

        assertThat(parts.manifest().shards())
                .hasSizeGreaterThan(6)
                .allMatch(shard -> shard.bin().bytes() <= 1000)
                .extracting(ShardInfo::name)
                .startsWith("train-00000", "train-00001", "train-00002")
                .contains("validation-00000", "validation-00001")
                .doesNotHaveDuplicates();
        assertThat(ids(parts)).isEqualTo(ids(whole));
        assertThat(write("again", texts(1), Copies.ONCE, 1000).manifest().fingerprint())
                .isEqualTo(parts.manifest().fingerprint());
        assertThatThrownBy(() -> write("none", texts(1), Copies.ONCE, 20))
                .rootCause()
                .hasMessageContaining("Lower limits.document-bytes");
    }

    private static List<String> ids(TokenDataset corpus) throws IOException {
        TokenSplit train = corpus.split(TokenDataset.TRAIN);
        List<String> ids = new ArrayList<>();
        for (long d = 0; d < train.documents(); d++) {
            ids.add(train.index().id(d) + " " + text(corpus, train, d));
        }
        return ids;
    }

    private static MixPlan plan(Dataset<Row> texts, MixConfig config) {
        Map<String, Double> bytesPerToken = Map.of("swh", 1.0, "deu", 1.0, "eng", 1.0);
        return MixPlan.of(config, MixTotals.groups(texts, config, SPLIT), bytesPerToken, SPLIT.seed());
    }

    private TokenDataset write(String name, Dataset<Row> texts, Copies copies) throws IOException {
        return write(name, texts, copies, TokenShardWriter.MAX_BYTES);
    }

    private TokenDataset write(String name, Dataset<Row> texts, Copies copies, int maxShardBytes) throws IOException {
        LocalStore store = new LocalStore(folder);
        ShardPlan plan = new ShardPlan(3, 1, 5);
        List<ShardInfo> shards =
                new ShardJob(spark, TOKENIZER, SPLIT, plan, copies, maxShardBytes).run(texts, store, name);
        CorpusManifest.of(TOKENIZER, shards, List.of()).write(store, name, TOKENIZER);
        return TokenDataset.open(store, name);
    }

    private Dataset<Row> texts(int partitions) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 120; i++) {
            String id = Digest.documentId("f", i);
            String text = textOf(id);
            rows.add(RowFactory.create(id, "f", language(i), i % 2 + 1L, (long) text.length(), text));
        }
        return spark.createDataFrame(rows, SCHEMA).repartition(partitions);
    }

    private static String language(int document) {
        return document < 10 ? "swh" : document < 40 ? "deu" : "eng";
    }

    private static String textOf(String id) {
        return "the text of " + id;
    }

    private static String text(TokenDataset corpus, TokenSplit split, long document) {
        int[] ids = new int[(int) (split.documentStart(document + 1) - split.documentStart(document))];
        split.tokens(split.documentStart(document), ids.length, ids);
        int length = ids[ids.length - 1] == corpus.tokenizer().endOfTextId() ? ids.length - 1 : ids.length;
        return new String(corpus.tokenizer().decode(ids, 0, length), StandardCharsets.UTF_8);
    }
}
