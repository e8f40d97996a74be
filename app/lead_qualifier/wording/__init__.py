"""Sentences by language: what the domain found, why a lead is qualified or not, what the engine reports.

Whatever people in marketing and sales read has its sentence here. The command line speaks English; the console's pages
speak English and German, and name no commands (`on_pages`, `german`). The reasons of dead letters are stored in
English; `reading` finds out what they say, for pages in other languages. Two kinds of text stay English where they are
made: labels and headings of the command line, and errors that only operators meet (settings, topics, start-up,
maintenance).
"""
