package io.polyglow.dataprep.language.fasttext;

/**
 * What of a model's training arguments matters for prediction; layout of {@code Args::save} in fastText's {@code src/args.cc}.
 *
 * @param dim channels of a row
 * @param wordNgrams longest sequence of words that is a feature
 * @param loss how rows of the output matrix become probabilities
 * @param bucket rows that word and character n-grams share
 * @param minN shortest character n-gram
 * @param maxN longest character n-gram; 0 for none
 */
record ModelArguments(int dim, int wordNgrams, Loss loss, int bucket, int minN, int maxN) {
    private static final int MAGIC = 793712314;
    private static final int OLDEST = 11;
    private static final int NEWEST = 12;
    private static final int SUPERVISED = 3;

    /** {@code loss_name} of {@code args.h}. */
    enum Loss {
        HIERARCHICAL_SOFTMAX,
        NEGATIVE_SAMPLING,
        SOFTMAX,
        ONE_VS_ALL;

        private static Loss of(int number) {
            return switch (number) {
                case 1 -> HIERARCHICAL_SOFTMAX;
                case 2 -> NEGATIVE_SAMPLING;
                case 3 -> SOFTMAX;
                default -> ONE_VS_ALL;
            };
        }
    }

    /** Reads signature, version and arguments. */
    static ModelArguments read(ModelCursor in) {
        in.require(in.file().size() >= 2 * Integer.BYTES && in.nextInt() == MAGIC, "no signature of a fastText model");
        int version = in.nextInt();
        in.require(version >= OLDEST && version <= NEWEST, "unknown format version " + version);
        int dim = in.nextInt();
        in.require(dim > 0 && dim <= MappedFile.MAX_RECORD_BYTES / Float.BYTES, "impossible dimension " + dim);
        in.advance(Integer.BYTES, 4); // ws, epoch, minCount, neg
        int wordNgrams = in.nextInt();
        int loss = in.nextInt();
        in.require(loss >= 1 && loss <= 4, "unknown loss " + loss);
        in.require(in.nextInt() == SUPERVISED, "not a supervised model (a classifier)");
        int bucket = in.nextInt();
        int minN = in.nextInt();
        int maxN = in.nextInt();
        boolean needsBuckets = maxN > 0 || wordNgrams > 1;
        in.require(bucket > 0 || (bucket == 0 && !needsBuckets), "impossible number of buckets, " + bucket);
        in.advance(Integer.BYTES, 1); // lrUpdateRate
        in.advance(Double.BYTES, 1); // t
        // Supervised models of version 11 were trained without character n-grams whatever they say (fasttext.cc,
        // loadModel).
        return new ModelArguments(dim, wordNgrams, Loss.of(loss), bucket, minN, version == OLDEST ? 0 : maxN);
    }
}
