"""The parameters of areaDetector's drivers and plugins: one table for each of its database templates.

Names, types, choices and first values are those of ADCore's 3.14 templates, and of the constructors behind them.
"""
