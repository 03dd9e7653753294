package io.polyglow.notebook;

import java.awt.BasicStroke;
import java.awt.Color;
import java.util.List;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The one look of all pictures. */
final class Charts {
    private static final Color BLUE = new Color(0x1f77b4);
    private static final Color ORANGE = new Color(0xff7f0e);
    private static final Color FAINT_BLUE = new Color(0x1f, 0x77, 0xb4, 0x50);

    /** How a line is drawn. */
    enum Line {
        /** A thin, pale line for noisy values. */
        FAINT,
        /** A plain line. */
        SOLID,
        /** A line with a mark at each of its few points. */
        MARKED
    }

    private Charts() {}

    static XYChart lines(String title, String x, String y) {
        XYChart chart = new XYChartBuilder()
                .width(760)
                .height(360)
                .theme(ChartTheme.Matlab)
                .title(title)
                .xAxisTitle(x)
                .yAxisTitle(y)
                .build();
        chart.getStyler().setPlotGridLinesVisible(true);
        return chart;
    }

    /** Adds a line; an empty one is left out. */
    static void add(XYChart chart, String name, Series points, Line line) {
        if (points.x().isEmpty()) {
            return;
        }
        XYSeries series = chart.addSeries(name, points.x(), points.y());
        series.setMarker(line == Line.MARKED ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
        series.setMarkerColor(ORANGE);
        series.setLineColor(line == Line.FAINT ? FAINT_BLUE : line == Line.SOLID ? BLUE : ORANGE);
        series.setLineStyle(new BasicStroke(line == Line.FAINT ? 1f : 2f));
    }

    static CategoryChart bars(String title, String y, List<String> names, List<Double> values) {
        CategoryChart chart = new CategoryChartBuilder()
                .width(760)
                .height(360)
                .theme(ChartTheme.Matlab)
                .title(title)
                .yAxisTitle(y)
                .build();
        chart.getStyler().setLegendVisible(false);
        chart.getStyler().setXAxisLabelRotation(names.size() > 12 ? 90 : 0);
        chart.addSeries(y, names, values).setFillColor(BLUE);
        return chart;
    }
}
