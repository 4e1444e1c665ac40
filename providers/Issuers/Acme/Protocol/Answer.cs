using System.Diagnostics.CodeAnalysis;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>What was asked for, or why it was not had.</summary>
internal readonly struct Answer<T>
    where T : class
{
    private readonly T? _value;
    private readonly Failure? _failure;

    private Answer(T? value, Failure? failure)
    {
        _value = value;
        _failure = failure;
    }

    /// <summary>Takes the answer apart: true with the value, false with the failure.</summary>
    public bool Has([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out Failure? failure)
    {
        value = _value;
        failure = _failure;
        return _value is not null
            || (_failure is null ? throw new InvalidOperationException("an answer that nobody gave") : false);
    }

    public static implicit operator Answer<T>(T value) => new(value, null);

    public static implicit operator Answer<T>(Failure failure) => new(null, failure);
}
