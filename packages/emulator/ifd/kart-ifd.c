/*
 * Kart's virtual reader: an IFD handler for pcscd (pcsc-lite's ifdhandler.h, version 3.0). Each reader is one Unix socket, named by
 * DEVICENAME in reader.conf as FOLDER:NAME (pcscd wants what stands before the colon to be there already); whoever connects to it puts a card in, and whoever hangs up takes it out. The socket belongs to the owner of
 * its folder and nobody else may open it. While a file NAME.unplugged lies beside the socket the reader is unplugged.
 *
 * Frames, both ways: one byte of kind, four bytes of length (big-endian), then so many bytes.
 *   reader to card: 00 put in (the version of this protocol follows), 01 power on, 02 power off, 03 reset, 04 command APDU
 *   card to reader: 81 ATR (answers 01 and 03), 84 response APDU (answers 04)
 */
#define _GNU_SOURCE /* POLLRDHUP, accept4 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <libgen.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <ifdhandler.h>
#include <reader.h>

#define PROTOCOL_VERSION 1
#define MOST_READERS 16 /* pcscd has room for so many */
#define LONGEST_FRAME MAX_BUFFER_SIZE_EXTENDED
#define ANSWER_MS 60000 /* long enough for an RSA key to be made on a card */
#define ATR_MS 5000
#define LOOK_MS 250 /* how often it is looked whether the reader is plugged in */
#define LABEL_ATTRIBUTE SCARD_ATTR_VALUE(SCARD_CLASS_VENDOR_DEFINED, 0x0001)

enum { PUT_IN = 0x00, POWER_ON = 0x01, POWER_OFF = 0x02, RESET = 0x03, COMMAND = 0x04, ATR = 0x81, RESPONSE = 0x84 };

struct reader {
    int used;
    DWORD lun;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    int listener;
    int card; /* -1 without a card; guarded by `exchange` */
    int dead; /* the card hung up or broke the protocol */
    int wake[2];
    pthread_mutex_t exchange; /* one exchange at a time */
    int watched;
    pthread_t watcher; /* the thread of pcscd that tells insertions and removals */
    /*
     * Rounds of the watcher for which the reader stays empty after a card: the watcher also asks in passing, when it powers a card, and
     * takes no notice then. After two rounds it has certainly seen the empty reader, so that no exchange of cards goes unnoticed.
     */
    int empty_rounds;
    UCHAR atr[MAX_ATR_SIZE];
    DWORD atr_length;
    UCHAR label[64];
    DWORD label_length;
};

static struct reader readers[MOST_READERS];
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;

static struct reader *find(DWORD lun)
{
    struct reader *found = NULL;
    pthread_mutex_lock(&table);
    for (int i = 0; i < MOST_READERS; i++)
        if (readers[i].used && readers[i].lun == lun)
            found = &readers[i];
    pthread_mutex_unlock(&table);
    return found;
}

static int64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Reads so many bytes before the deadline; 0 when they came. */
static int receive(int card, UCHAR *into, size_t length, int64_t deadline)
{
    while (length > 0) {
        int64_t left = deadline - now_ms();
        struct pollfd wait = { .fd = card, .events = POLLIN };
        if (left <= 0)
            return ETIMEDOUT;
        int ready = poll(&wait, 1, (int)left);
        if (ready < 0 && errno != EINTR)
            return errno;
        if (ready <= 0)
            continue;
        ssize_t count = recv(card, into, length, 0);
        if (count == 0)
            return EPIPE;
        if (count < 0 && errno != EINTR && errno != EAGAIN)
            return errno;
        if (count > 0) {
            into += count;
            length -= (size_t)count;
        }
    }
    return 0;
}

static int send_frame(int card, UCHAR kind, const UCHAR *payload, size_t length)
{
    /* In one piece: header and payload apart would wake the card twice. */
    UCHAR small[512];
    UCHAR *frame = length + 5 <= sizeof small ? small : malloc(length + 5);
    if (frame == NULL)
        return ENOMEM;
    frame[0] = kind;
    for (int i = 0; i < 4; i++)
        frame[1 + i] = (UCHAR)(length >> (24 - 8 * i));
    if (length > 0)
        memcpy(frame + 5, payload, length);
    int problem = 0;
    for (size_t at = 0; at < length + 5 && problem == 0;) {
        ssize_t count = send(card, frame + at, length + 5 - at, MSG_NOSIGNAL);
        if (count > 0)
            at += (size_t)count;
        else if (errno != EINTR)
            problem = errno;
    }
    memset(frame, 0, length + 5); /* a PIN may have stood there */
    if (frame != small)
        free(frame);
    return problem;
}

/* Reads a frame of this kind; a frame of another kind, or longer than there is room, breaks the protocol. */
static int receive_frame(int card, UCHAR kind, UCHAR *into, size_t room, size_t *length, int64_t deadline)
{
    UCHAR header[5];
    int problem = receive(card, header, sizeof header, deadline);
    if (problem != 0)
        return problem;
    size_t count = ((size_t)header[1] << 24) | ((size_t)header[2] << 16) | ((size_t)header[3] << 8) | header[4];
    if (header[0] != kind || count > room)
        return EPROTO;
    problem = receive(card, into, count, deadline);
    *length = count;
    return problem;
}

/* Marks the card as gone; whoever looks for it next closes its socket. */
static void lose_card(struct reader *reader)
{
    reader->dead = 1;
    shutdown(reader->card, SHUT_RDWR);
    ssize_t ignored = write(reader->wake[1], "", 1);
    (void)ignored;
}

static int open_listener(struct reader *reader)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct stat there, folder;
    char copy[sizeof reader->path];
    strcpy(copy, reader->path);
    if (stat(dirname(copy), &folder) != 0)
        return -1;
    if (lstat(reader->path, &there) == 0) {
        /* Only what an earlier run left behind is replaced. */
        if (!S_ISSOCK(there.st_mode))
            return -1;
        unlink(reader->path);
    }
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0)
        return -1;
    strcpy(address.sun_path, reader->path);
    /* Nobody can connect before listen(), so that the rights are right from the beginning. */
    if (bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && chmod(reader->path, S_IRUSR | S_IWUSR) == 0 &&
        (geteuid() != 0 || lchown(reader->path, folder.st_uid, folder.st_gid) == 0) && listen(listener, 4) == 0)
        return listener;
    close(listener);
    return -1;
}

RESPONSECODE IFDHCreateChannelByName(DWORD Lun, LPSTR DeviceName)
{
    struct reader *reader = NULL;
    if (DeviceName == NULL || strlen(DeviceName) >= sizeof readers[0].path)
        return IFD_COMMUNICATION_ERROR;
    pthread_mutex_lock(&table);
    for (int i = 0; i < MOST_READERS && reader == NULL; i++)
        if (!readers[i].used)
            reader = &readers[i];
    if (reader != NULL) {
        memset(reader, 0, sizeof *reader);
        strcpy(reader->path, DeviceName);
        char *colon = strrchr(reader->path, ':');
        if (colon != NULL)
            *colon = '/';
        reader->lun = Lun;
        reader->card = -1;
        pthread_mutex_init(&reader->exchange, NULL);
        reader->listener = open_listener(reader);
        if (reader->listener >= 0 && pipe(reader->wake) == 0)
            reader->used = 1;
        else if (reader->listener >= 0)
            close(reader->listener);
    }
    int made = reader != NULL && reader->used;
    pthread_mutex_unlock(&table);
    return made ? IFD_SUCCESS : IFD_COMMUNICATION_ERROR;
}

RESPONSECODE IFDHCreateChannel(DWORD Lun, DWORD Channel)
{
    (void)Lun;
    (void)Channel;
    return IFD_COMMUNICATION_ERROR; /* a reader is named by its socket */
}

static int is_plugged_in(const struct reader *reader)
{
    char mark[sizeof reader->path + sizeof ".unplugged"];
    snprintf(mark, sizeof mark, "%s.unplugged", reader->path);
    return access(mark, F_OK) != 0;
}

RESPONSECODE IFDHCloseChannel(DWORD Lun)
{
    struct reader *reader = find(Lun);
    if (reader == NULL)
        return IFD_COMMUNICATION_ERROR;
    pthread_mutex_lock(&reader->exchange);
    if (reader->card >= 0)
        close(reader->card);
    close(reader->listener);
    unlink(reader->path);
    close(reader->wake[0]);
    close(reader->wake[1]);
    pthread_mutex_unlock(&reader->exchange);
    pthread_mutex_lock(&table);
    reader->used = 0;
    pthread_mutex_unlock(&table);
    return IFD_SUCCESS;
}

/* Waits for a card to be put in or taken out, for the reader to be unplugged, or for the time to pass. */
static RESPONSECODE wait_for_event(DWORD Lun, int timeout)
{
    struct reader *reader = find(Lun);
    if (reader == NULL)
        return IFD_NO_SUCH_DEVICE;
    pthread_mutex_lock(&reader->exchange);
    reader->watched = 1;
    reader->watcher = pthread_self();
    /* A copy, so that it cannot become another file while it is waited for. */
    int card = reader->card >= 0 ? dup(reader->card) : -1;
    int at_once = reader->dead || (reader->empty_rounds > 0 && --reader->empty_rounds > 0);
    pthread_mutex_unlock(&reader->exchange);
    RESPONSECODE result = IFD_SUCCESS;
    for (int64_t end = now_ms() + timeout; !at_once;) {
        struct pollfd waits[3] = {
            { .fd = reader->wake[0], .events = POLLIN },
            { .fd = reader->listener, .events = POLLIN },
            { .fd = card, .events = POLLRDHUP },
        };
        int64_t left = end - now_ms();
        if (left <= 0)
            break;
        int ready = poll(waits, 3, left < LOOK_MS ? (int)left : LOOK_MS);
        if (ready > 0 && waits[0].revents != 0) {
            char byte;
            ssize_t ignored = read(reader->wake[0], &byte, 1);
            (void)ignored;
            break;
        }
        if (ready > 0 && waits[2].revents != 0)
            break;
        if (ready > 0 && waits[1].revents != 0) {
            if (card < 0)
                break;
            /* The slot is taken: the second card is pushed out again. */
            int second = accept(reader->listener, NULL, NULL);
            if (second >= 0)
                close(second);
        }
        if (!is_plugged_in(reader)) {
            result = IFD_NO_SUCH_DEVICE;
            break;
        }
    }
    if (card >= 0)
        close(card);
    return result;
}

static RESPONSECODE stop_waiting(DWORD Lun)
{
    struct reader *reader = find(Lun);
    if (reader != NULL) {
        ssize_t ignored = write(reader->wake[1], "", 1);
        (void)ignored;
    }
    return IFD_SUCCESS;
}

/* Hands an attribute out; `room` holds its length afterwards. */
static RESPONSECODE give(PDWORD room, PUCHAR into, const void *value, DWORD length)
{
    if (*room < length || (into == NULL && length > 0))
        return IFD_ERROR_INSUFFICIENT_BUFFER;
    memcpy(into, value, length);
    *room = length;
    return IFD_SUCCESS;
}

static RESPONSECODE give_byte(PDWORD room, PUCHAR into, UCHAR value)
{
    return give(room, into, &value, 1);
}

RESPONSECODE IFDHGetCapabilities(DWORD Lun, DWORD Tag, PDWORD Length, PUCHAR Value)
{
    struct reader *reader = find(Lun);
    void *function;
    uint32_t word;
    switch (Tag) {
    case TAG_IFD_SIMULTANEOUS_ACCESS:
        return give_byte(Length, Value, MOST_READERS);
    case TAG_IFD_THREAD_SAFE:
        return give_byte(Length, Value, 1);
    case TAG_IFD_SLOTS_NUMBER:
        return give_byte(Length, Value, 1);
    case TAG_IFD_SLOT_THREAD_SAFE:
    case TAG_IFD_POLLING_THREAD_KILLABLE:
        return give_byte(Length, Value, 0);
    case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
        function = (void *)wait_for_event;
        return give(Length, Value, &function, sizeof function);
    case TAG_IFD_STOP_POLLING_THREAD:
        function = (void *)stop_waiting;
        return give(Length, Value, &function, sizeof function);
    case SCARD_ATTR_VENDOR_NAME:
        return give(Length, Value, "Kart", 5);
    case SCARD_ATTR_VENDOR_IFD_TYPE:
        return give(Length, Value, "Kart virtual reader", 20);
    case SCARD_ATTR_VENDOR_IFD_VERSION:
        word = PROTOCOL_VERSION << 24;
        return give(Length, Value, &word, sizeof word);
    case SCARD_ATTR_MAXINPUT:
        word = LONGEST_FRAME;
        return give(Length, Value, &word, sizeof word);
    }
    if (reader == NULL)
        return IFD_ERROR_TAG;
    switch (Tag) {
    case TAG_IFD_ATR:
    case SCARD_ATTR_ATR_STRING:
        return give(Length, Value, reader->atr, reader->atr_length);
    case SCARD_ATTR_ICC_PRESENCE:
        return give_byte(Length, Value, reader->card >= 0 ? 2 : 0);
    case LABEL_ATTRIBUTE:
        return give(Length, Value, reader->label, reader->label_length);
    default:
        return IFD_ERROR_TAG;
    }
}

RESPONSECODE IFDHSetCapabilities(DWORD Lun, DWORD Tag, DWORD Length, PUCHAR Value)
{
    struct reader *reader = find(Lun);
    if (reader == NULL || Tag != LABEL_ATTRIBUTE)
        return IFD_ERROR_TAG;
    if (Length > sizeof reader->label)
        return IFD_ERROR_VALUE_READ_ONLY;
    memcpy(reader->label, Value, Length);
    reader->label_length = Length;
    return IFD_SUCCESS;
}

RESPONSECODE IFDHSetProtocolParameters(DWORD Lun, DWORD Protocol, UCHAR Flags, UCHAR PTS1, UCHAR PTS2, UCHAR PTS3)
{
    (void)Lun;
    (void)Flags;
    (void)PTS1;
    (void)PTS2;
    (void)PTS3;
    return Protocol == SCARD_PROTOCOL_T0 || Protocol == SCARD_PROTOCOL_T1 ? IFD_SUCCESS : IFD_PROTOCOL_NOT_SUPPORTED;
}

RESPONSECODE IFDHPowerICC(DWORD Lun, DWORD Action, PUCHAR Atr, PDWORD AtrLength)
{
    struct reader *reader = find(Lun);
    if (reader == NULL)
        return IFD_NO_SUCH_DEVICE;
    pthread_mutex_lock(&reader->exchange);
    RESPONSECODE result = IFD_COMMUNICATION_ERROR;
    if (Action == IFD_POWER_DOWN) {
        result = IFD_SUCCESS;
        if (reader->card >= 0 && !reader->dead && send_frame(reader->card, POWER_OFF, NULL, 0) != 0)
            lose_card(reader);
        reader->atr_length = 0;
        *AtrLength = 0;
    } else if (reader->card >= 0 && !reader->dead) {
        UCHAR atr[MAX_ATR_SIZE];
        size_t length = 0;
        int problem = send_frame(reader->card, Action == IFD_RESET ? RESET : POWER_ON, NULL, 0);
        if (problem == 0)
            problem = receive_frame(reader->card, ATR, atr, sizeof atr, &length, now_ms() + ATR_MS);
        if (problem == 0 && length >= 2) {
            memcpy(reader->atr, atr, length);
            memcpy(Atr, atr, length);
            reader->atr_length = *AtrLength = (DWORD)length;
            result = IFD_SUCCESS;
        } else if (problem != 0) {
            lose_card(reader);
        }
    }
    pthread_mutex_unlock(&reader->exchange);
    return result;
}

RESPONSECODE IFDHTransmitToICC(DWORD Lun, SCARD_IO_HEADER SendPci, PUCHAR TxBuffer, DWORD TxLength, PUCHAR RxBuffer, PDWORD RxLength,
                               PSCARD_IO_HEADER RecvPci)
{
    struct reader *reader = find(Lun);
    (void)RecvPci;
    (void)SendPci;
    if (reader == NULL)
        return IFD_NO_SUCH_DEVICE;
    pthread_mutex_lock(&reader->exchange);
    RESPONSECODE result = IFD_ICC_NOT_PRESENT;
    if (reader->card >= 0 && !reader->dead) {
        size_t length = 0;
        int problem = send_frame(reader->card, COMMAND, TxBuffer, TxLength);
        if (problem == 0)
            problem = receive_frame(reader->card, RESPONSE, RxBuffer, *RxLength, &length, now_ms() + ANSWER_MS);
        if (problem == 0) {
            *RxLength = (DWORD)length;
            result = IFD_SUCCESS;
        } else {
            lose_card(reader);
            result = problem == ETIMEDOUT ? IFD_RESPONSE_TIMEOUT : IFD_COMMUNICATION_ERROR;
        }
    }
    if (result != IFD_SUCCESS)
        *RxLength = 0;
    pthread_mutex_unlock(&reader->exchange);
    return result;
}

RESPONSECODE IFDHControl(DWORD Lun, DWORD dwControlCode, PUCHAR TxBuffer, DWORD TxLength, PUCHAR RxBuffer, DWORD RxLength, LPDWORD pdwBytesReturned)
{
    (void)TxBuffer;
    (void)TxLength;
    *pdwBytesReturned = 0;
    if (find(Lun) == NULL)
        return IFD_NO_SUCH_DEVICE;
    if (dwControlCode == CM_IOCTL_GET_FEATURE_REQUEST)
        return IFD_SUCCESS; /* no PIN pad, no display (PC/SC part 10) */
    if (dwControlCode == SCARD_CTL_CODE(1)) {
        if (RxLength < 1)
            return IFD_ERROR_INSUFFICIENT_BUFFER;
        RxBuffer[0] = PROTOCOL_VERSION;
        *pdwBytesReturned = 1;
        return IFD_SUCCESS;
    }
    return IFD_ERROR_NOT_SUPPORTED;
}

RESPONSECODE IFDHICCPresence(DWORD Lun)
{
    struct reader *reader = find(Lun);
    if (reader == NULL)
        return IFD_NO_SUCH_DEVICE;
    if (!is_plugged_in(reader)) {
        /* A card in a reader that goes has no power; whoever holds it learns so. */
        pthread_mutex_lock(&reader->exchange);
        if (reader->card >= 0 && !reader->dead)
            lose_card(reader);
        pthread_mutex_unlock(&reader->exchange);
        return IFD_NO_SUCH_DEVICE;
    }
    /* While a command runs the card is there; the command itself notices when it goes. */
    if (pthread_mutex_trylock(&reader->exchange) != 0)
        return IFD_ICC_PRESENT;
    RESPONSECODE result = IFD_ICC_NOT_PRESENT;
    /* pcscd also asks in passing, before it powers a card: only the thread that tells insertions and removals may make one. */
    int telling = !reader->watched || pthread_equal(reader->watcher, pthread_self());
    if (reader->card >= 0) {
        struct pollfd look = { .fd = reader->card, .events = POLLRDHUP };
        if (!reader->dead && poll(&look, 1, 0) == 0) {
            result = IFD_ICC_PRESENT;
        } else if (telling) {
            close(reader->card);
            reader->card = -1;
            reader->dead = 0;
            reader->atr_length = 0;
            reader->empty_rounds = 2;
        }
    } else if (telling && reader->empty_rounds == 0) {
        UCHAR version = PROTOCOL_VERSION;
        int card = accept4(reader->listener, NULL, NULL, SOCK_CLOEXEC);
        if (card >= 0 && send_frame(card, PUT_IN, &version, 1) == 0) {
            reader->card = card;
            result = IFD_ICC_PRESENT;
        } else if (card >= 0) {
            close(card);
        }
    }
    pthread_mutex_unlock(&reader->exchange);
    return result;
}
