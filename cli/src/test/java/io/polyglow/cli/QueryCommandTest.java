package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QueryCommandTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "insert overwrite local directory '/tmp/x' using csv select source from documents",
                "from documents insert into kept select *",
                "drop table documents",
                "create table t as select 1",
                "selct source from documents"
            })
    void shouldRefuseWhatIsNoQuery(String sql) {
        assertThatThrownBy(() -> QueryCommand.requireQuery(sql))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("Syntax error at or near")
                .hasMessageContaining("one query");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select language, count(*) from documents group by language order by 2 desc limit 3",
                "with d as (select source from documents) select * from d",
                "table kept",
                "(select 1) union all select 2"
            })
    void shouldTakeQueries(String sql) {
        assertThatCode(() -> QueryCommand.requireQuery(sql)).doesNotThrowAnyException();
    }
}
