namespace RolloverD.Providers.Dns.Rfc2136;

internal enum TokenKind
{
    End,
    Word,
    Mark,
}

/// <summary>A word (quoted or not) or one of <c>{ } ;</c>, with the place where it begins, counted from 1.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int Line, int Column);

/// <summary>Cuts BIND configuration text into words and marks, and passes over its three kinds of comments.</summary>
internal sealed class KeyFileTokens(string text)
{
    private int _position;
    private int _line = 1;
    private int _lineStart;

    public Token Next()
    {
        SkipBlanksAndComments();
        int line = _line, column = _position - _lineStart + 1;
        if (_position >= text.Length)
            return new(TokenKind.End, "", line, column);

        char first = text[_position];
        if (first is '{' or '}' or ';')
        {
            _position++;
            return new(TokenKind.Mark, first.ToString(), line, column);
        }

        bool quoted = first == '"';
        int start = quoted ? ++_position : _position;
        while (_position < text.Length && (quoted ? text[_position] is not ('"' or '\n') : IsWord(text[_position])))
            _position++;
        string word = text[start.._position];
        if (quoted && _position < text.Length && text[_position] == '"')
            _position++;
        return new(TokenKind.Word, word, line, column);
    }

    private static bool IsWord(char c) => !char.IsWhiteSpace(c) && c is not ('{' or '}' or ';' or '"');

    private bool At(string mark) => string.CompareOrdinal(text, _position, mark, 0, mark.Length) == 0;

    private void SkipBlanksAndComments()
    {
        while (_position < text.Length)
        {
            if (char.IsWhiteSpace(text[_position]) || text[_position] == '\uFEFF')
                Advance();
            else if (At("#") || At("//"))
                SkipTo("\n", 0);
            else if (At("/*"))
                SkipTo("*/", 2);
            else
                return;
        }
    }

    private void SkipTo(string end, int and)
    {
        _position += and;
        while (_position < text.Length && !At(end))
            Advance();
        for (int i = 0; i < and && _position < text.Length; i++)
            Advance();
    }

    private void Advance()
    {
        if (text[_position++] == '\n')
        {
            _line++;
            _lineStart = _position;
        }
    }
}
