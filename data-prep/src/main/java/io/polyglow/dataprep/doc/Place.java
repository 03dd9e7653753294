package io.polyglow.dataprep.doc;

/**
 * Where a document stands in the input: what its id is made of, and what errors call it.
 *
 * @param source path of the file relative to the input root, {@code /}-separated
 * @param position line, record or Parquet row counted from 1 within the file; 0 when the document is the whole file
 * @param offset first byte of the record: of a line in the decompressed bytes (in UTF-8, where a file is UTF-16), of a WARC record in the file as stored, so that a reader may seek there;
 *     of a Parquet row its index, counted from 0
 */
public record Place(String source, long position, long offset) {

    /** The whole of a file. */
    public static Place ofFile(String source) {
        return new Place(source, 0, 0);
    }

    /** {@code file} or {@code file:line}, as compilers print places. */
    @Override
    public String toString() {
        return position == 0 ? source : source + ":" + position;
    }
}
